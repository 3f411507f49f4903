import type { Clock, Timer, TimerOptions } from './clock.ts';

/**
 * Sweeps over all entries are this far apart at least. Deadlines are seconds away and may be missed by as much; a sweep for
 * each of n deadlines that differ by little would take n² steps.
 */
export const sweepPauseMs = 50;

/** One timer for many moments: it stands at the earliest of them. */
export interface Alarm {
  /** Rings at this moment of the monotonic clock, unless it is set to ring before. */
  ringBy(at: number): void;
  clear(): void;
}

/**
 * An alarm that calls `onRing` once for each time that it was set. It may ring a little early, as timers do. While it is
 * set it keeps the process alive, unless `keepAlive` is false.
 */
export function createAlarm(clock: Clock, onRing: () => void, options: TimerOptions = {}): Alarm {
  return new EarliestTimer(clock, onRing, options.keepAlive ?? true);
}

class EarliestTimer implements Alarm {
  readonly #clock: Clock;
  readonly #onRing: () => void;
  readonly #options: TimerOptions;
  #timer: Timer | undefined;
  #at = Number.POSITIVE_INFINITY;

  constructor(clock: Clock, onRing: () => void, keepAlive: boolean) {
    this.#clock = clock;
    this.#onRing = onRing;
    this.#options = { keepAlive };
  }

  ringBy(at: number): void {
    if (at < this.#at) {
      this.#timer?.cancel();
      this.#at = at;
      const delayMs = Math.max(0, at - this.#clock.monotonic());
      this.#timer = this.#clock.setTimer(this.#ring, delayMs, this.#options);
    }
  }

  clear(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#at = Number.POSITIVE_INFINITY;
  }

  readonly #ring = (): void => {
    this.#timer = undefined;
    this.#at = Number.POSITIVE_INFINITY;
    this.#onRing();
  };
}
