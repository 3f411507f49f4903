import type { Queue, QueueError, SendOutcome, Sent } from '@sqskit/core';
import { type Accumulator, createAccumulator, type Ticket } from '@sqskit/core/accumulator';
import { exponentialBackoff } from '@sqskit/core/retry';
import type { Books } from './books.ts';
import type { Parcel } from './packaging.ts';
import type { ResolvedProducerOptions } from './producer-options.ts';

export interface DeliveryHooks<T> {
  readonly settled: (parcel: Parcel<T>, outcome: SendOutcome, attempts: number) => void;
  /** A call has been answered: what is added now can leave in its place. */
  readonly answered: () => void;
}

/** Sends parcels in batches until each is settled. Begins when the largest size is known. */
export class Delivery<T> {
  readonly #queue: Queue;
  readonly #options: ResolvedProducerOptions;
  readonly #books: Books;
  readonly #hooks: DeliveryHooks<T>;
  /** Ends the calls under way. */
  readonly #calls = new AbortController();
  #accumulator: Accumulator<Parcel<T>> | undefined;

  constructor(queue: Queue, options: ResolvedProducerOptions, books: Books, hooks: DeliveryHooks<T>) {
    this.#queue = queue;
    this.#options = options;
    this.#books = books;
    this.#hooks = hooks;
  }

  get isStarted(): boolean {
    return this.#accumulator !== undefined;
  }

  /** Aborts when `end` is called. */
  get signal(): AbortSignal {
    return this.#calls.signal;
  }

  get inFlight(): number {
    return this.#accumulator?.inFlight ?? 0;
  }

  /** Whether another call could begin now. */
  get hasPlace(): boolean {
    return this.#accumulator?.hasPlace ?? false;
  }

  start(maxBytes: number): void {
    const { clock, lingerMs, lingerWhenIdle, maxBatchEntries, maxConcurrency, random } = this.#options;
    const { retryBaseMs, retryThrottledBaseMs, retryMaxMs } = this.#options;
    this.#accumulator = createAccumulator<Parcel<T>, Sent>({
      clock,
      maxEntries: maxBatchEntries,
      maxBytes,
      lingerMs,
      lingerWhenIdle,
      maxInFlight: maxConcurrency,
      answerGraceMs,
      backoff: exponentialBackoff({
        baseMs: retryBaseMs,
        throttledBaseMs: retryThrottledBaseMs,
        maxMs: retryMaxMs,
        random,
      }),
      callTimeoutMs,
      signal: this.#calls.signal,
      call: (batch, signal) => this.#call(batch, signal),
      onSettled: this.#hooks.settled,
      onAnswered: this.#hooks.answered,
    });
  }

  add(parcel: Parcel<T>): Ticket | undefined {
    return this.#accumulator?.add(parcel);
  }

  hurry(): void {
    this.#accumulator?.hurry();
  }

  /** Settles all that is here, and ends the calls under way. */
  end(makeError: () => QueueError): void {
    this.#accumulator?.cancelAll(makeError);
    this.#calls.abort(makeError());
  }

  #call(batch: readonly Parcel<T>[], signal: AbortSignal): Promise<readonly SendOutcome[]> {
    let bytes = 0;
    let retried = 0;
    for (const parcel of batch) {
      bytes += parcel.bytes;
      retried += parcel.hasLeft ? 1 : 0;
      parcel.hasLeft = true;
    }
    this.#books.called(batch.length, bytes, retried);
    return this.#queue.sendBatch(
      batch.map((parcel) => parcel.wire),
      { signal },
    );
  }
}

/** Above any client's own time-out for a request, whose error says more: for calls that never answer at all. */
const callTimeoutMs = 30_000;

/**
 * A call under way at a message's deadline has this much longer to be answered. Without an answer the message may or may
 * not have been accepted: it could be neither repeated nor sent to another region without the risk of a duplicate.
 */
export const answerGraceMs = 1_000;
