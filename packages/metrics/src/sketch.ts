/**
 * A distribution in logarithmic buckets: every value is kept within 2.5 % of itself, however many there are, in fixed
 * memory, so that percentiles survive aggregation. Recording is one logarithm and one addition.
 *
 * Source of the idea: Masson, Rim, Lee, "DDSketch", VLDB 2019, https://arxiv.org/abs/1908.10693
 */
export interface Sketch {
  /** Adds a value. Not a number and infinite ones are ignored; negative ones count as 0. */
  record(value: number): void;
  /** What was recorded since the last call, in at most `maxValues` (from 3) different values; `undefined` if nothing was. */
  drain(maxValues: number): Distribution | undefined;
}

export interface Distribution {
  readonly count: number;
  readonly sum: number;
  readonly min: number;
  readonly max: number;
  /** Ascending; the first and the last are exact. */
  readonly values: readonly number[];
  /** How often each of `values` occurred. */
  readonly counts: readonly number[];
}

const relativeError = 0.025;
const growth = (1 + relativeError) / (1 - relativeError);
const perLog = 1 / Math.log(growth);
// Buckets reach from 1e-6 to 1e12: nanoseconds to decades in milliseconds, bytes to terabytes.
const lowest = Math.ceil(Math.log(1e-6) * perLog);
const highest = Math.ceil(Math.log(1e12) * perLog);

class LogSketch implements Sketch {
  readonly #buckets = new Float64Array(highest - lowest + 1);
  #zeros = 0;
  #count = 0;
  #sum = 0;
  #min = Number.POSITIVE_INFINITY;
  #max = Number.NEGATIVE_INFINITY;

  record(value: number): void {
    if (!Number.isFinite(value)) {
      return;
    }
    const positive = Math.max(value, 0);
    this.#count++;
    this.#sum += positive;
    this.#min = Math.min(this.#min, positive);
    this.#max = Math.max(this.#max, positive);
    if (positive === 0) {
      this.#zeros++;
      return;
    }
    const index = Math.ceil(Math.log(positive) * perLog);
    const slot = Math.min(highest, Math.max(lowest, index)) - lowest;
    this.#buckets[slot] = (this.#buckets[slot] ?? 0) + 1;
  }

  drain(maxValues: number): Distribution | undefined {
    if (this.#count === 0) {
      return undefined;
    }
    const [min, max] = [this.#min, this.#max];
    const samples = min === max ? new Map([[min, this.#count]]) : this.#samples(maxValues);
    const distribution = {
      count: this.#count,
      sum: this.#sum,
      min,
      max,
      values: [...samples.keys()],
      counts: [...samples.values()],
    };
    this.#reset();
    return distribution;
  }

  /** How often each value occurred, ascending, where there is more than one. */
  #samples(maxValues: number): Map<number, number> {
    const [min, max] = [this.#min, this.#max];
    const { values, counts } = this.#merged(maxValues - 2);
    const last = values.length - 1;
    // The smallest and the largest are known exactly: one each leaves its bucket, whose others stay in its middle.
    const samples = new Map([[min, 1]]);
    for (const [index, value] of values.entries()) {
      const known = Number(index === 0) + Number(index === last);
      const count = (counts[index] ?? 0) - known;
      if (count > 0) {
        const within = Math.min(max, Math.max(min, value));
        samples.set(within, (samples.get(within) ?? 0) + count);
      }
    }
    samples.set(max, (samples.get(max) ?? 0) + 1);
    return samples;
  }

  /** The buckets that hold something, neighbours joined until there are few enough. */
  #merged(maxValues: number): { values: number[]; counts: number[] } {
    for (let width = 1; ; width *= 2) {
      const values = this.#zeros > 0 ? [0] : [];
      const counts = this.#zeros > 0 ? [this.#zeros] : [];
      for (let slot = 0; slot < this.#buckets.length; slot += width) {
        let inBucket = 0;
        for (const count of this.#buckets.subarray(slot, slot + width)) {
          inBucket += count;
        }
        if (inBucket > 0) {
          values.push(middleOf(slot, width));
          counts.push(inBucket);
        }
      }
      if (values.length <= maxValues) {
        return { values, counts };
      }
    }
  }

  #reset(): void {
    this.#buckets.fill(0);
    this.#zeros = 0;
    this.#count = 0;
    this.#sum = 0;
    this.#min = Number.POSITIVE_INFINITY;
    this.#max = Number.NEGATIVE_INFINITY;
  }
}

/** The value whose relative distance to both ends of `width` buckets from `slot` on is the same. */
function middleOf(slot: number, width: number): number {
  const lower = growth ** (slot + lowest - 1);
  const upper = growth ** (slot + lowest - 1 + width);
  return (2 * lower * upper) / (lower + upper);
}

export function createSketch(): Sketch {
  return new LogSketch();
}
