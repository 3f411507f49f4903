import { type Queue, type QueueError, type SendOutcome, type Sent, sqsLimits } from '@sqskit/core';
import { type Accumulator, createAccumulator, type Ticket } from '@sqskit/core/accumulator';
import { type ConcurrencyLimit, createConcurrencyLimit } from '@sqskit/core/concurrency';
import { exponentialBackoff } from '@sqskit/core/retry';
import type { Books, DeliveryState } from './books.ts';
import type { Parcel } from './packaging.ts';
import type { ResolvedProducerOptions } from './producer-options.ts';

export interface DeliveryHooks<T> {
  readonly settled: (parcel: Parcel<T>, outcome: SendOutcome, attempts: number) => void;
  /** A call has been answered: what is added now can leave in its place. */
  readonly answered: () => void;
}

/** Sends parcels in batches until each is settled. Begins when the largest size is known. A group is a lane. */
export class Delivery<T> {
  readonly #queue: Queue;
  readonly #options: ResolvedProducerOptions;
  readonly #books: Books;
  readonly #hooks: DeliveryHooks<T>;
  /** Ends the calls under way. */
  readonly #calls = new AbortController();
  readonly #concurrency: ConcurrencyLimit;
  readonly #accumulator: Accumulator<Parcel<T>>;
  #maxBytes: number | undefined;

  constructor(queue: Queue, options: ResolvedProducerOptions, books: Books, hooks: DeliveryHooks<T>) {
    const { clock, maxConcurrency } = options;
    this.#queue = queue;
    this.#options = options;
    this.#books = books;
    this.#hooks = hooks;
    this.#concurrency = createConcurrencyLimit({
      clock,
      max: Math.min(maxConcurrency, queue.maxConnections ?? maxConcurrency),
    });
    this.#accumulator = this.#createAccumulator();
  }

  get isStarted(): boolean {
    return this.#maxBytes !== undefined;
  }

  /** Aborts when `end` is called. */
  get signal(): AbortSignal {
    return this.#calls.signal;
  }

  /** How batches go: what of it the books do not count. */
  get state(): DeliveryState {
    return {
      batchesInFlight: this.inFlight,
      concurrencyLimit: this.#concurrency.limit,
      flushes: { ...this.#accumulator.flushes },
      pausedGroups: this.pausedGroups().length,
    };
  }

  get inFlight(): number {
    return this.#accumulator.inFlight;
  }

  /** Whether another call could begin now. */
  get hasPlace(): boolean {
    return this.isStarted && this.#accumulator.hasPlace;
  }

  start(maxBytes: number): void {
    this.#maxBytes = maxBytes;
  }

  /** Only once it has started. */
  add(parcel: Parcel<T>): Ticket {
    return this.#accumulator.add(parcel);
  }

  hurry(): void {
    this.#accumulator.hurry();
  }

  /** What is behind in this group waits. */
  pauseGroup(groupId: string): void {
    this.#accumulator.pauseLane(groupId);
  }

  pausedGroups(): readonly string[] {
    return this.#accumulator.pausedLanes();
  }

  resumeGroup(groupId: string | undefined): void {
    this.#accumulator.resumeLanes(groupId);
  }

  /** Settles all that is here, and ends the calls under way. */
  end(makeError: () => QueueError): void {
    this.#accumulator.cancelAll(makeError);
    this.#calls.abort(makeError());
  }

  #createAccumulator(): Accumulator<Parcel<T>> {
    const { clock, lingerMs, lingerWhenIdle, maxBatchEntries, order, random } = this.#options;
    const { retryBaseMs, retryThrottledBaseMs, retryMaxMs } = this.#options;
    const maxBytes = (): number => this.#maxBytes ?? sqsLimits.maxMessageBytes;
    return createAccumulator<Parcel<T>, Sent>({
      clock,
      maxEntries: maxBatchEntries,
      get maxBytes() {
        return maxBytes();
      },
      lingerMs,
      lingerWhenIdle,
      maxInFlight: this.#concurrency,
      laneOrder: order,
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
      onOvertaken: () => this.#books.overtaken(),
    });
  }

  #call(batch: readonly Parcel<T>[], signal: AbortSignal): Promise<readonly SendOutcome[]> {
    let bytes = 0;
    let retried = 0;
    for (const parcel of batch) {
      bytes += parcel.bytes;
      retried += parcel.hasLeft ? 1 : 0;
      parcel.hasLeft = true;
    }
    this.#books.called(batch.length, bytes, retried, this.#concurrency.limit);
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
