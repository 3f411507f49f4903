import { type Failure, QueueError, sqsLimits } from '@sqskit/core';
import { type Accumulator, createAccumulator, type Ticket } from '@sqskit/core/accumulator';
import type { Clock } from '@sqskit/core/clock';
import type { Random } from '@sqskit/core/retry';
import { exponentialBackoff } from '@sqskit/core/retry';

export interface BatchCallOptions<A, S extends { readonly ok: true }> {
  readonly clock: Clock;
  readonly random: Random;
  /** How long an entry waits for company. */
  readonly lingerMs: number;
  /** Longest time between two attempts. */
  readonly maxBackoffMs: number;
  /** Longest time for one call. */
  readonly callTimeoutMs: number;
  readonly maxBytes?: number | undefined;
  /** One outcome for each, by position. */
  readonly call: (batch: readonly A[], signal: AbortSignal) => Promise<readonly (S | Failure)[]>;
}

interface Place {
  /** On the monotonic clock: when it is given up, retries included. Asked again each time: leases are prolonged. */
  readonly deadlineAt: () => number;
  /** Entries of one lane are called one at a time and in order. */
  readonly lane?: string | undefined;
  readonly bytes?: number | undefined;
}

export interface Submission<S> {
  /** Never rejects. */
  readonly outcome: Promise<S | Failure>;
  /** Whether it is part of a call now. */
  readonly isUnderWay: boolean;
  /** Gives it up. Whatever is submitted in its lane from now on is called after it, if it was called at all. */
  cancel(): void;
}

/** A batch verb of the queue, entry by entry: gathered into batches, and failed entries repeated until their deadline. */
export interface BatchCall<A, S extends { readonly ok: true }> {
  submit(argument: A, place: Place): Submission<S>;
  /** What is here now does not linger. */
  hurry(): void;
  /** Nor does anything from now on. */
  rush(): void;
  /** Gives up everything, calls under way included. */
  close(): void;
}

/** Batch calls at a time: enough for some thousand entries a second at a round trip of 10 ms. */
const maxInFlight = 8;

export function createBatchCall<A, S extends { readonly ok: true }>(
  options: BatchCallOptions<A, S>,
): BatchCall<A, S> {
  const { clock, random, lingerMs, maxBackoffMs, callTimeoutMs, call } = options;
  const { maxBytes = Number.POSITIVE_INFINITY } = options;
  const closing = new AbortController();
  const accumulator: Accumulator<PendingEntry<A, S>> = createAccumulator({
    clock,
    maxEntries: sqsLimits.maxBatchEntries,
    maxBytes,
    lingerMs,
    lingerWhenIdle: lingerMs > 0,
    maxInFlight,
    backoff: exponentialBackoff({ maxMs: maxBackoffMs, random }),
    callTimeoutMs,
    signal: closing.signal,
    call: (entries, signal) =>
      call(
        entries.map((entry) => entry.argument),
        signal,
      ),
    onSettled: (entry, outcome: S | Failure) => entry.resolve(outcome),
  });
  let isRushing = false;
  let willHurry = false;
  const hurrySoon = (): void => {
    if (!willHurry) {
      willHurry = true;
      queueMicrotask(() => {
        willHurry = false;
        accumulator.hurry();
      });
    }
  };
  return {
    submit(argument, place) {
      const entry = new PendingEntry<A, S>(argument, place);
      entry.ticket = accumulator.add(entry);
      if (isRushing) {
        hurrySoon(); // with those that are submitted beside it
      }
      return entry;
    },
    hurry() {
      accumulator.hurry();
    },
    rush() {
      isRushing = true;
      accumulator.hurry();
    },
    close() {
      accumulator.cancelAll(() => stoppedError());
      closing.abort(stoppedError());
    },
  };
}

class PendingEntry<A, S> implements Submission<S> {
  readonly argument: A;
  readonly bytes: number;
  readonly lane: string | undefined;
  readonly outcome: Promise<S | Failure>;
  resolve: (outcome: S | Failure) => void = () => undefined;
  ticket: Ticket | undefined;
  readonly #place: Place;

  constructor(argument: A, place: Place) {
    this.argument = argument;
    this.bytes = place.bytes ?? 0;
    this.lane = place.lane;
    this.#place = place;
    this.outcome = new Promise((resolve) => {
      this.resolve = resolve;
    });
  }

  get deadlineAt(): number {
    return this.#place.deadlineAt();
  }

  get isUnderWay(): boolean {
    return this.ticket?.isUnderWay === true;
  }

  cancel(): void {
    this.ticket?.cancel(stoppedError());
  }
}

function stoppedError(): QueueError<'stopped'> {
  return new QueueError('stopped', 'given up before the queue had answered', { what: 'call' });
}
