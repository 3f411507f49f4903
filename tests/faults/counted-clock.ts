import type { Clock } from '@sqskit/core/clock';

export interface CountedClock extends Clock {
  /** Timers that were set by it, and have neither fired nor been cancelled. */
  readonly pendingTimers: number;
}

/** The same time, with a count of its own. */
export function createCountedClock(clock: Clock): CountedClock {
  let pendingTimers = 0;
  return {
    get pendingTimers() {
      return pendingTimers;
    },
    now: () => clock.now(),
    monotonic: () => clock.monotonic(),
    setTimer(callback, delayMs, options) {
      let isSet = true;
      const done = (): void => {
        pendingTimers -= isSet ? 1 : 0;
        isSet = false;
      };
      pendingTimers++;
      const timer = clock.setTimer(
        () => {
          done();
          callback();
        },
        delayMs,
        options,
      );
      return {
        cancel() {
          done();
          timer.cancel();
        },
      };
    },
  };
}
