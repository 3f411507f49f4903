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
  /**
   * Other calls for the same messages: none is part of a call of both at a time. An entry whose message is waits until that
   * call is over; its company leaves without it.
   */
  readonly apartFrom?: (() => Apart) | undefined;
  /** One outcome for each, by position. */
  readonly call: (batch: readonly A[], signal: AbortSignal) => Promise<readonly (S | Failure)[]>;
}

/** What other calls have to know of these. */
type Apart = Pick<BatchCall<never, never>, 'carries' | 'recall'>;

interface Place {
  /** On the monotonic clock: when it is given up, retries included. Asked again each time: leases are prolonged. */
  readonly deadlineAt: () => number;
  /** Of the message whose lease it is about. */
  readonly messageId?: string | undefined;
  /** Entries of one lane are called one at a time and in order. */
  readonly lane?: string | undefined;
  readonly bytes?: number | undefined;
  /** Whether it is called again after a call that failed, if there is time. Default: it is. */
  readonly repeats?: (() => boolean) | undefined;
}

export interface Submission<S> {
  /** Never rejects. */
  readonly outcome: Promise<S | Failure>;
  /** Whether it is part of a call now. */
  readonly isUnderWay: boolean;
  /** Whether it is, or has been. */
  readonly wasCalled: boolean;
  /** Gives it up. Whatever is submitted in its lane from now on is called after it, if it was called at all. */
  cancel(error?: QueueError): void;
}

/** A batch verb of the queue, entry by entry: gathered into batches, and failed entries repeated until their deadline. */
export interface BatchCall<A, S extends { readonly ok: true }> {
  submit(argument: A, place: Place): Submission<S>;
  /** Whether a call with this message is under way. */
  carries(messageId: string): boolean;
  /** What waits for calls of another is called now, if it may. */
  recall(): void;
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
  const { maxBytes = Number.POSITIVE_INFINITY, apartFrom } = options;
  let isAnyAside = false;
  const mayLeave = ({ messageId }: PendingEntry<A, S>): boolean => {
    const mayNot = messageId !== undefined && apartFrom?.().carries(messageId) === true;
    isAnyAside ||= mayNot;
    return !mayNot;
  };
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
    // What is to be apart is never given up while it is on the wire.
    answerGraceMs: apartFrom && callTimeoutMs,
    mayLeave: apartFrom && mayLeave,
    signal: closing.signal,
    call: (entries, signal) =>
      call(
        entries.map((entry) => entry.argument),
        signal,
      ),
    onSettled: (entry, outcome: S | Failure) => entry.resolve(outcome),
    onAnswered: () => apartFrom?.().recall(),
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
    carries: (messageId) =>
      accumulator.inFlight > 0 && accumulator.carries((entry) => entry.messageId === messageId),
    recall() {
      if (isAnyAside) {
        isAnyAside = false;
        // Whoever is told of that answer comes first: of a message that is deleted no renewal is called any more.
        queueMicrotask(() => accumulator.recall());
      }
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
  readonly messageId: string | undefined;
  readonly lane: string | undefined;
  readonly outcome: Promise<S | Failure>;
  resolve: (outcome: S | Failure) => void = () => undefined;
  ticket: Ticket | undefined;
  readonly #place: Place;

  constructor(argument: A, place: Place) {
    this.argument = argument;
    this.bytes = place.bytes ?? 0;
    this.messageId = place.messageId;
    this.lane = place.lane;
    this.#place = place;
    this.outcome = new Promise((resolve) => {
      this.resolve = resolve;
    });
  }

  get deadlineAt(): number {
    const { deadlineAt, repeats } = this.#place;
    const isOver = repeats !== undefined && this.wasCalled && !this.isUnderWay && !repeats();
    return isOver ? Number.NEGATIVE_INFINITY : deadlineAt();
  }

  get isUnderWay(): boolean {
    return this.ticket?.isUnderWay === true;
  }

  get wasCalled(): boolean {
    return this.ticket !== undefined && this.ticket.attempts > 0;
  }

  cancel(error: QueueError = stoppedError()): void {
    this.ticket?.cancel(error);
  }
}

function stoppedError(): QueueError<'stopped'> {
  return new QueueError('stopped', 'given up before the queue had answered', { what: 'call' });
}
