import { ack, deadLetter, isVerdict, release, retry, type Verdict } from '@sqskit/core';

/** A verdict without its brand, which is a symbol and does not go from one thread to another. */
export interface CarriedVerdict {
  readonly action: string;
  readonly delayMs?: number | undefined;
  readonly reason?: string | undefined;
}

/** `undefined` for anything but a verdict: it acknowledges, and need not be what can be cloned. */
export function carryVerdict(result: unknown): CarriedVerdict | undefined {
  if (!isVerdict(result)) {
    return undefined;
  }
  switch (result.action) {
    case 'retry':
      return { action: result.action, delayMs: result.delayMs };
    case 'dead-letter':
      return { action: result.action, reason: textOf(result.reason) };
    default:
      return { action: result.action };
  }
}

export function reviveVerdict(carried: CarriedVerdict | undefined): Verdict | undefined {
  switch (carried?.action) {
    case undefined:
      return undefined;
    case 'ack':
      return ack();
    case 'retry':
      return retry({ delayMs: carried?.delayMs });
    case 'release':
      return release();
    case 'dead-letter':
      return deadLetter(carried?.reason ?? '');
    default:
      throw new TypeError(`the handler returned a verdict whose action is not known: ${carried?.action}`);
  }
}

/** JavaScript may give anything as a reason, an error above all. */
function textOf(reason: unknown): string {
  try {
    return String(reason);
  } catch {
    return '';
  }
}
