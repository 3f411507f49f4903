import type { Clock } from '@sqskit/core/clock';

/** Below this a call is over before it could block anything, and is not timed. */
const timedFromBytes = 16_384;

/** Calls off the event loop at a time, so that neither memory nor the thread pool is taken by one envelope. */
const maxLater = 2;

/** Says whether a call would hold up the event loop for too long, from how long earlier ones took. */
export interface Pace {
  /**
   * `now()`, or where that is predicted to take more than `maxBlockMs`, `later()`. At most two of the latter run at a
   * time, over all paces of one pacer.
   */
  run<T>(bytes: number, now: () => T, later: (() => Promise<T>) | undefined): T | Promise<T>;
}

/** Makes paces, one for each kind of call, given about how many microseconds a byte takes. */
export type Pacer = (microsecondsPerByte: number) => Pace;

export function createPacer(maxBlockMs: number, clock: Clock): Pacer {
  let running = 0;
  const waiting: (() => void)[] = [];

  async function inTurn<T>(work: () => Promise<T>): Promise<T> {
    if (running < maxLater) {
      running++;
    } else {
      await new Promise<void>((resolve) => waiting.push(resolve));
    }
    try {
      return await work();
    } finally {
      const next = waiting.shift();
      if (next === undefined) {
        running--;
      } else {
        next(); // in the place of this one
      }
    }
  }

  return (guess) => {
    let perByte = guess / 1_000; // milliseconds
    // A clock that is too coarse for most calls must not make it 0, from which it would never come back.
    const least = perByte / 16;
    return {
      run(bytes, now, later) {
        if (bytes < timedFromBytes) {
          return now();
        }
        if (later !== undefined && bytes * perByte > maxBlockMs) {
          // One slow call, of a busy machine say, must not decide for good: what only just is too slow is tried again.
          if (bytes * perByte < 2 * maxBlockMs) {
            perByte *= 0.98;
          }
          return inTurn(later);
        }
        const startedAt = clock.monotonic();
        const result = now();
        const tookPerByte = (clock.monotonic() - startedAt) / bytes;
        perByte = Math.max(least, perByte + (Math.min(tookPerByte, 3 * perByte) - perByte) / 5);
        return result;
      },
    };
  };
}
