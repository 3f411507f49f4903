import { AssertionError } from 'node:assert';
import type { Clock, Timer } from '@sqskit/core/clock';
import { type OptionRules, resolveOptions } from '@sqskit/core/options';
import { createHeap, type Due } from './heap.ts';

/** A clock that stands still until it is told otherwise. `now()` and `monotonic()` go together. */
export interface FakeClock extends Clock {
  /** Runs everything due within the next `ms` of virtual time, in order, letting promises settle before, between and after. */
  advance(ms: number): Promise<void>;
  /**
   * Advances time, timer by timer, until `promise` settles; resolves or rejects as it does. Fails with an
   * `AssertionError` if it is pending and no timer is left (a deadlock), or after `withinMs` of virtual time
   * (default 1 h).
   */
  settle<T>(promise: Promise<T>, options?: SettleOptions): Promise<T>;
  /** Lets promises settle without moving time. */
  flush(): Promise<void>;
  /** Timers that were set, and have neither fired nor been cancelled. */
  readonly pendingTimers: number;
}

export interface SettleOptions {
  /** Most virtual milliseconds to go forward. Default: 3,600,000 (1 h). */
  readonly withinMs?: number | undefined;
}

export interface FakeClockOptions {
  /** What `now()` gives at the start, in epoch milliseconds. Default: 2026-01-01T00:00:00Z. `monotonic()` starts at 0. */
  readonly startMs?: number | undefined;
}

export const fakeClockRules: OptionRules<FakeClockOptions> = {
  startMs: {
    kind: 'number',
    default: Date.UTC(2026, 0, 1),
    min: 0,
    max: 8_640_000_000_000_000,
    unit: 'ms',
    doc: 'What `now()` gives at the start, since the epoch. The default is 2026-01-01T00:00:00Z.',
  },
};

interface FakeTimer extends Due {
  readonly callback: () => void;
  readonly takesTime: boolean;
  state: 'set' | 'fired' | 'cancelled';
}

const defaultWithinMs = 3_600_000;

// More timers without delay than this at one instant are a loop that takes no time, which would never end.
const maxTimersAtOnce = 100_000;

// How long, in real time, `settle` waits for work that runs outside the clock (zlib's threads, sockets) before it
// calls a promise deadlocked. Only a test that fails anyway waits this long.
const realGraceMs = 250;

// Taken now, before a test runner's own fake timers may take their place.
const { setImmediate: realImmediate, setTimeout: realTimeout } = globalThis;

/** One turn of Node's event loop: every promise that can settle has settled when it resolves. */
function turn(): Promise<void> {
  return new Promise((resolve) => {
    realImmediate(resolve);
  });
}

/** A clock whose time moves only by `advance` and `settle`. */
export function createFakeClock(options: FakeClockOptions = {}): FakeClock {
  const { startMs } = resolveOptions('createFakeClock', fakeClockRules, options);
  return new VirtualClock(startMs);
}

class VirtualClock implements FakeClock {
  readonly #startMs: number;
  readonly #timers = createHeap<FakeTimer>();
  #elapsedMs = 0;
  #nextOrder = 0;
  #pending = 0;
  #firedAtOnce = 0;

  constructor(startMs: number) {
    this.#startMs = startMs;
  }

  get pendingTimers(): number {
    return this.#pending;
  }

  now(): number {
    return this.#startMs + Math.floor(this.#elapsedMs);
  }

  monotonic(): number {
    return this.#elapsedMs;
  }

  setTimer(callback: () => void, delayMs: number): Timer {
    if (Number.isNaN(delayMs)) {
      throw new RangeError('setTimer: expected delayMs to be a number of milliseconds, received NaN');
    }
    const at = this.#elapsedMs + Math.max(0, delayMs);
    const takesTime = delayMs > 0;
    const timer: FakeTimer = { at, order: this.#nextOrder++, callback, takesTime, state: 'set' };
    this.#timers.push(timer);
    this.#pending++;
    return { cancel: () => this.#cancel(timer) };
  }

  async advance(ms: number): Promise<void> {
    if (!(ms >= 0)) {
      throw new RangeError(`advance: expected ms to be 0 or more, received ${ms}`);
    }
    const target = this.#elapsedMs + ms;
    await turn();
    while (this.#fireNext(target)) {
      await turn();
    }
    this.#moveTo(target);
    await turn();
  }

  async settle<T>(promise: Promise<T>, options: SettleOptions = {}): Promise<T> {
    const { withinMs = defaultWithinMs } = options;
    const limit = this.#elapsedMs + withinMs;
    let isSettled = false;
    const settled = (): void => {
      isSettled = true;
    };
    promise.then(settled, settled);
    await turn();
    while (!isSettled) {
      if (!this.#fireNext(limit) && !(await this.#realWorkGoesOn(limit, () => isSettled))) {
        throw this.#stuck(withinMs);
      }
      await turn();
    }
    return promise;
  }

  flush(): Promise<void> {
    return turn();
  }

  #cancel(timer: FakeTimer): void {
    if (timer.state !== 'set') {
      return;
    }
    timer.state = 'cancelled';
    this.#pending--;
    // Cancelled timers are dropped when their time comes, or here once they are most of the heap.
    if (this.#timers.size > 64 && this.#timers.size > 2 * this.#pending) {
      this.#timers.filter(({ state }) => state === 'set');
    }
  }

  /** The next timer that is still set. */
  #peek(): FakeTimer | undefined {
    for (;;) {
      const timer = this.#timers.peek();
      if (timer?.state !== 'cancelled') {
        return timer;
      }
      this.#timers.pop();
    }
  }

  /** Waits a little in real time for a timer to appear or the promise to settle; tells whether either did. */
  async #realWorkGoesOn(limit: number, isSettled: () => boolean): Promise<boolean> {
    const givenUpAt = performance.now() + realGraceMs;
    while (!isSettled() && (this.#peek()?.at ?? Number.POSITIVE_INFINITY) > limit) {
      if (performance.now() > givenUpAt) {
        return false;
      }
      await realPause();
    }
    return true;
  }

  /** Moves time to the next timer and fires it, if it is due by `limit`; tells whether there was one. */
  #fireNext(limit: number): boolean {
    const timer = this.#peek();
    if (timer === undefined || timer.at > limit) {
      return false;
    }
    this.#timers.pop();
    timer.state = 'fired';
    this.#pending--;
    this.#moveTo(timer.at);
    this.#firedAtOnce += timer.takesTime ? 0 : 1;
    if (this.#firedAtOnce > maxTimersAtOnce) {
      throw stuckAt(
        `${maxTimersAtOnce} timers without delay fired at one instant: something loops without taking time`,
      );
    }
    timer.callback();
    return true;
  }

  #moveTo(at: number): void {
    if (at > this.#elapsedMs) {
      this.#elapsedMs = at;
      this.#firedAtOnce = 0;
    }
  }

  #stuck(withinMs: number): AssertionError {
    const next = this.#peek();
    if (next === undefined) {
      return stuckAt(
        `deadlock: the promise is pending at ${this.#elapsedMs} ms of virtual time and no timer is left to wait for`,
      );
    }
    return stuckAt(
      `the promise is still pending after ${withinMs} ms of virtual time; the next of ${this.#pending} timers is due at ${next.at} ms`,
    );
  }
}

function stuckAt(message: string): AssertionError {
  return new AssertionError({ message: `fake clock: ${message}` });
}

function realPause(): Promise<void> {
  return new Promise((resolve) => {
    realTimeout(resolve, 1);
  });
}
