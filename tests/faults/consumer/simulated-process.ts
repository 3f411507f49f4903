import type { CallOptions, Queue } from '@sqskit/core';
import type { Clock } from '@sqskit/core/clock';

/**
 * A process that a consumer lives in, as far as its event loop goes. Everything that comes to it (timers, answers) comes
 * through here: late while the loop is blocked, and never again once the process has crashed. What it has sent is on its way.
 */
export interface SimulatedProcess {
  readonly isCrashed: boolean;
  /** When the loop goes on, in monotonic milliseconds; in the past where it does. */
  readonly blockedUntil: number;
  /** Resolves when it crashes. */
  readonly ended: Promise<void>;
  readonly clock: Clock;
  queue(inner: Queue): Queue;
  /** Calls back when its loop goes on: at once, unless it is blocked. Never once it has crashed. */
  whenAwake(callback: () => void): void;
  /** Nothing runs for so long. */
  block(ms: number): void;
  /** `hangsUp`: polls under way are ended at the queue's side. */
  crash(hangsUp: boolean): void;
}

export function createSimulatedProcess(world: Clock): SimulatedProcess {
  return new GatedProcess(world);
}

class GatedProcess implements SimulatedProcess {
  readonly clock: Clock;
  readonly #world: Clock;
  readonly #polls = new Set<AbortController>();
  readonly ended: Promise<void>;
  isCrashed = false;
  blockedUntil = 0;
  #end: () => void = () => undefined;
  /** What came while the loop stood still, oldest first. */
  readonly #late: (() => void)[] = [];

  constructor(world: Clock) {
    this.#world = world;
    this.ended = new Promise((resolve) => {
      this.#end = resolve;
    });
    this.clock = {
      now: () => world.now(),
      monotonic: () => world.monotonic(),
      setTimer: (callback, delayMs) => this.#setTimer(callback, delayMs),
    };
  }

  block(ms: number): void {
    this.blockedUntil = Math.max(this.blockedUntil, this.#world.monotonic() + ms);
  }

  crash(hangsUp: boolean): void {
    this.isCrashed = true;
    for (const poll of hangsUp ? this.#polls : []) {
      poll.abort();
    }
    this.#polls.clear();
    this.#end();
  }

  queue(inner: Queue): Queue {
    return {
      url: inner.url,
      sendBatch: (entries, options) => this.#call(() => inner.sendBatch(entries, options)),
      deleteBatch: (handles, options) => this.#call(() => inner.deleteBatch(handles, options)),
      changeVisibilityBatch: (changes, options) =>
        this.#call(() => inner.changeVisibilityBatch(changes, options)),
      receive: (request, options) =>
        this.#call(() => this.#poll(options, (signal) => inner.receive(request, { signal }))),
      describe: (options) => this.#call(() => inner.describe(options)),
      depth: (options) => this.#call(() => inner.depth(options)),
    };
  }

  async #poll<R>({ signal }: CallOptions = {}, receive: (signal: AbortSignal) => Promise<R>): Promise<R> {
    const poll = new AbortController();
    const abort = (): void => poll.abort(signal?.reason);
    this.#polls.add(poll);
    signal?.addEventListener('abort', abort);
    try {
      return await receive(poll.signal);
    } finally {
      signal?.removeEventListener('abort', abort);
      this.#polls.delete(poll);
    }
  }

  #call<R>(make: () => Promise<R>): Promise<R> {
    return new Promise((resolve, reject) => {
      if (!this.isCrashed) {
        make().then(
          (value) => this.whenAwake(() => resolve(value)),
          (reason: unknown) => this.whenAwake(() => reject(reason)),
        );
      }
    });
  }

  #setTimer(callback: () => void, delayMs: number): ReturnType<Clock['setTimer']> {
    let isCancelled = false;
    const timer = this.#world.setTimer(
      () =>
        this.whenAwake(() => {
          if (!isCancelled) {
            callback();
          }
        }),
      delayMs,
    );
    return {
      cancel() {
        isCancelled = true;
        timer.cancel();
      },
    };
  }

  whenAwake(callback: () => void): void {
    if (this.isCrashed) {
      return;
    }
    if (this.#late.length === 0 && this.blockedUntil <= this.#world.monotonic()) {
      callback();
      return;
    }
    this.#late.push(callback);
    if (this.#late.length === 1) {
      this.#wakeNext();
    }
  }

  /** One after the other, with time for promises in between. */
  #wakeNext(): void {
    const sleepMs = Math.max(0, this.blockedUntil - this.#world.monotonic());
    this.#world.setTimer(() => {
      if (this.blockedUntil > this.#world.monotonic()) {
        this.#wakeNext();
        return;
      }
      const callback = this.isCrashed ? undefined : this.#late[0];
      callback?.();
      this.#late.shift();
      if (!this.isCrashed && this.#late.length > 0) {
        this.#wakeNext();
      }
    }, sleepMs);
  }
}
