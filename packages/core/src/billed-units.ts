import { sqsLimits } from './limits.ts';

/** How many requests SQS bills for a batch call of so many bytes: one for each 64 KiB begun. */
export function billedUnits(bytes: number): number {
  return Math.max(1, Math.ceil(bytes / sqsLimits.billedUnitBytes));
}

/**
 * What a call costs its sender besides what is billed, in billed units: connections, CPU, a place among those in flight.
 * It keeps a batch from being divided for a saving of a percent or two.
 */
const callPrice = 0.2;

/**
 * How many of these entries, from the first on, should leave in one call so that a byte costs least. All of them where they
 * are one unit together.
 */
export function cheapestPrefix(entries: readonly { readonly bytes: number }[]): number {
  let bytes = 0;
  let cheapest = entries.length;
  let lowest = Number.POSITIVE_INFINITY;
  for (let count = 1; count <= entries.length; count++) {
    bytes += entries[count - 1]?.bytes ?? 0;
    // Without bytes there is nothing to divide by: such entries cost nothing more.
    const price = bytes === 0 ? lowest : (billedUnits(bytes) + callPrice) / bytes;
    if (price <= lowest) {
      lowest = price;
      cheapest = count;
    }
  }
  return cheapest;
}
