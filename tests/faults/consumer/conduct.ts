import { ack, deadLetter, release, retry } from '@sqskit/core';
import type { Random } from '@sqskit/core/retry';

/** What handlers do, of each start of one, until a run's end is near. */
export const statedConduct = {
  /** Ends before it returns to the event loop. */
  atOnce: 0.1,
  /** Takes longer than the lease. */
  slow: 0.06,
  /** Of those that wait: ends as soon as its signal aborts. */
  heedful: 0.5,
  /** Of those that succeed: says so by a verdict, which counts although it was told to end. */
  explicit: 0.3,
  throws: 0.08,
  retries: 0.04,
  releases: 0.03,
  deadLetters: 0.02,
} as const;

export type Result = 'ack' | 'throw' | 'retry' | 'release' | 'dead-letter';

/** What one start of a handler does. */
export interface Conduct {
  /** `undefined` where it ends before it returns to the event loop. */
  readonly takesMs: number | undefined;
  readonly isHeedful: boolean;
  readonly result: Result;
  /** Of `ack`: whether it says so, by a verdict. */
  readonly isExplicit: boolean;
  /** The delay that it asks for with `retry`. */
  readonly delayMs: number | undefined;
}

export interface ConductOptions {
  readonly visibilityTimeoutMs: number;
  /** Whether some take more than twelve hours. */
  readonly isMarathon: boolean;
}

const hourMs = 3_600_000;

export function drawConduct(random: Random, options: ConductOptions): Conduct {
  return {
    takesMs: random() < statedConduct.atOnce ? undefined : drawTime(random, options),
    isHeedful: random() < statedConduct.heedful,
    result: drawResult(random),
    isExplicit: random() < statedConduct.explicit,
    // No whole seconds: a change of visibility for a retry is told from a renewal by its length.
    delayMs: random() < 0.5 ? undefined : 500.5 + random() * 5_000,
  };
}

/** What happens when nothing goes wrong any more. */
export function drawCalmConduct(random: Random): Conduct {
  const takesMs = random() < statedConduct.atOnce ? undefined : random() * 50;
  return { takesMs, isHeedful: false, result: 'ack', isExplicit: false, delayMs: undefined };
}

/** What the handler returns; or it throws. */
export function comeTo({ result, isExplicit, delayMs }: Conduct): unknown {
  switch (result) {
    case 'ack':
      return isExplicit ? ack() : undefined;
    case 'throw':
      throw new Error('a failure of the scenario');
    case 'retry':
      return retry({ delayMs });
    case 'release':
      return release();
    case 'dead-letter':
      return deadLetter('a verdict of the scenario');
  }
}

function drawTime(random: Random, { visibilityTimeoutMs, isMarathon }: ConductOptions): number {
  if (isMarathon && random() < 0.1) {
    return (11.9 + random()) * hourMs;
  }
  return random() < statedConduct.slow
    ? Math.min(visibilityTimeoutMs, 10_000) * (1 + 2 * random())
    : random() * 200;
}

function drawResult(random: Random): Result {
  const { throws, retries, releases, deadLetters } = statedConduct;
  const shares: readonly (readonly [Result, number])[] = [
    ['throw', throws],
    ['retry', retries],
    ['release', releases],
    ['dead-letter', deadLetters],
  ];
  const drawn = random();
  let upTo = 0;
  for (const [result, share] of shares) {
    upTo += share;
    if (drawn < upTo) {
      return result;
    }
  }
  return 'ack';
}
