import { abortedError, QueueError } from '@sqskit/core';
import type { ConcurrencyLimit, ConcurrentCall } from '@sqskit/core/concurrency';
import { onAbort } from './abort-listener.ts';

/** Lets calls begin as their number allows; the others wait in order, so many at most. */
export class ConcurrencyGate {
  readonly #limit: ConcurrencyLimit;
  readonly #maxWaiting: number;
  readonly #waiting = new Set<(call: ConcurrentCall) => void>();

  constructor(limit: ConcurrencyLimit, maxWaiting: number) {
    this.#limit = limit;
    this.#maxWaiting = maxWaiting;
  }

  /** Begins a call, or waits until it may. Rejects with `aborted` or `pool-exhausted`: then it has not begun. */
  enter(signal: AbortSignal | undefined): ConcurrentCall | Promise<ConcurrentCall> {
    if (this.#waiting.size === 0 && this.#hasRoom) {
      return this.#limit.begin();
    }
    if (signal?.aborted === true) {
      return Promise.reject(abortedError(signal));
    }
    if (this.#waiting.size >= this.#maxWaiting) {
      return Promise.reject(exhaustedError(this.#limit.limit, this.#maxWaiting));
    }
    return new Promise((resolve, reject) => {
      let withdraw: (() => void) | undefined;
      const begin = (call: ConcurrentCall): void => {
        withdraw?.();
        resolve(call);
      };
      this.#waiting.add(begin);
      if (signal !== undefined) {
        withdraw = onAbort(signal, () => {
          this.#waiting.delete(begin);
          reject(abortedError(signal));
        });
      }
    });
  }

  /** To be called after each end of a call. */
  next(): void {
    for (const begin of this.#waiting) {
      if (!this.#hasRoom) {
        return;
      }
      this.#waiting.delete(begin);
      begin(this.#limit.begin());
    }
  }

  get #hasRoom(): boolean {
    return this.#limit.inFlight < this.#limit.limit;
  }
}

function exhaustedError(limit: number, maxWaiting: number): QueueError<'pool-exhausted'> {
  return new QueueError(
    'pool-exhausted',
    `${limit} calls of the queue are under way and ${maxWaiting} wait`,
    { maxConnections: limit, maxWaiting },
    { retryable: true },
  );
}
