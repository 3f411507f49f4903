import { BatchAccumulator } from './batch-accumulator.ts';
import type { Clock } from './clock.ts';
import type { ConcurrencyLimit } from './concurrency.ts';
import type { LaneOrder } from './lanes.ts';
import type { Failure } from './queue.ts';
import type { FailedAttempt, QueueError } from './queue-error.ts';
import type { Backoff } from './retry.ts';

export { asUnknown, deadlineError } from './attempt-errors.ts';
export type { LaneOrder } from './lanes.ts';

/** Something to be carried out in a batch call: a message to send, a receipt handle to delete, a lease to renew. */
export interface AccumulatorEntry {
  /** What it adds to the size of a batch. */
  readonly bytes: number;
  /**
   * Entries of one lane leave in order: while a call with some of them is under way, or one is to be tried again, the
   * others wait.
   */
  readonly lane?: string | undefined;
  /**
   * Of an entry without a lane. Flows take turns in batches, an entry at a time; those without one share one. A flow has
   * no order under failure.
   */
  readonly flow?: string | undefined;
  /** On the monotonic clock: when it is given up, retries included. Up to 50 ms late where another was just given up. */
  readonly deadlineAt: number;
}

export interface AccumulatorOptions<E extends AccumulatorEntry, S extends { readonly ok: true }> {
  readonly clock: Clock;
  /** Most entries of a batch. */
  readonly maxEntries: number;
  /** Most bytes of a batch; an entry that is larger goes alone. Read anew for each batch. */
  readonly maxBytes: number;
  /** Longest time an entry waits for company, in milliseconds. */
  readonly lingerMs: number;
  /** Whether entries linger while nothing is in flight too: fewer calls, later. Otherwise they leave on the next turn. */
  readonly lingerWhenIdle: boolean;
  /** Most batch calls at a time: always the same number, or a limit that adapts. */
  readonly maxInFlight: number | ConcurrencyLimit;
  readonly backoff: Backoff;
  /**
   * How much longer than its deadline an entry is kept while a call with it is under way: a certain outcome is worth
   * more than a punctual one. Default: 0.
   */
  readonly answerGraceMs?: number | undefined;
  /**
   * Longest time for a batch call, in milliseconds. One that has not answered by then is ended by its signal and is a
   * `timeout` for each of its entries, so that it keeps neither its place among those in flight nor its lanes.
   */
  readonly callTimeoutMs: number;
  /** How many entries of a lane go in one call: one, or as many consecutive ones as fit. Default: `strict`. */
  readonly laneOrder?: LaneOrder | undefined;
  /**
   * Asked of each entry as its batch leaves. One that may not leave now is set aside, and its lane with it, until `recall`;
   * its deadline holds. Must not throw. Default: every entry may.
   */
  readonly mayLeave?: ((entry: E) => boolean) | undefined;
  /** Once it aborts, calls under way are ended at once, and no other is made: `aborted` for their entries. */
  readonly signal?: AbortSignal | undefined;
  /**
   * The batch call: one outcome for each entry, by position. A rejection counts as the failure of every entry. Once
   * `signal` has aborted, the answer is ignored.
   */
  readonly call: (entries: readonly E[], signal: AbortSignal) => Promise<readonly (S | Failure)[]>;
  /** Told exactly once for each entry what became of it. Must not throw: what it throws is an uncaught exception. */
  readonly onSettled: (entry: E, outcome: S | Failure, attempts: number) => void;
  /**
   * Told of an entry that is to be tried again after `by` later ones of its lane were accepted in the same call; only
   * where `laneOrder` is `throughput`. Must not throw.
   */
  readonly onOvertaken?: ((entry: E, by: number) => void) | undefined;
  /** Told when a call has been answered, before another takes its place: what is added now can still leave with it. */
  readonly onAnswered?: (() => void) | undefined;
}

/** An entry's place in the accumulator. */
export interface Ticket {
  /** Calls the entry has taken part in so far. */
  readonly attempts: number;
  /** Whether a call with the entry is under way. */
  readonly isUnderWay: boolean;
  /** Whether an earlier call may have taken effect. */
  readonly ambiguous: boolean;
  /** What the last call failed with. */
  readonly lastError: QueueError | undefined;
  /** The last calls that failed, oldest first; `undefined` before the first. */
  readonly history: readonly FailedAttempt[] | undefined;
  /**
   * Settles the entry with this error now, unless it is settled already. The outcome becomes `unknown` where a call
   * with the entry is under way, whose answer is then ignored, or an earlier one may have taken effect.
   */
  cancel(error: QueueError): void;
}

/**
 * Why batches leave: `full`, by entries or bytes; `retried`, with an entry that comes back; `hurried`; `idle`, with
 * nothing in flight; `lingered`, when the time of the first was over.
 */
export type FlushReason = 'full' | 'retried' | 'hurried' | 'idle' | 'lingered';

/**
 * Gathers entries into batches and sees each one through: what fits a batch, when it leaves, how many are in flight,
 * and the retry of failed entries alone.
 *
 * A batch leaves when it is full, when its first entry has lingered, on the next turn of the event loop where nothing is
 * in flight, when an entry comes back after a failure, or when it is hurried; never more than `maxInFlight` at a time, so
 * under load batches fill while they wait. An entry that could leave never waits longer than `lingerMs` and a turn for
 * company.
 *
 * Where a batch would be billed as more than one request, it takes so many entries that a byte costs least; those that
 * it leaves behind come first in the next.
 */
export interface Accumulator<E extends AccumulatorEntry> {
  /** Entries not settled yet: waiting, in flight or backing off. */
  readonly size: number;
  /** Batch calls under way. */
  readonly inFlight: number;
  /** Whether another call could begin now. */
  readonly hasPlace: boolean;
  /** How many batches have left, by reason. */
  readonly flushes: Readonly<Record<FlushReason, number>>;
  add(entry: E): Ticket;
  /** Lets what is here now leave without lingering. */
  hurry(): void;
  /** What was set aside leaves at once, if it may now; what else is here does not linger either. */
  recall(): void;
  /** Whether a call under way has such an entry; it may have been given up meanwhile. */
  carries(isSought: (entry: E) => boolean): boolean;
  /** Cancels everything that is here now, each entry with the error made for it. */
  cancelAll(makeError: (entry: E) => QueueError): void;
  /**
   * The entries of this lane wait from now on, until it is resumed or their deadlines. Called by `onSettled`, none of them
   * leaves after that entry.
   */
  pauseLane(lane: string): void;
  /** The lanes that are paused. */
  pausedLanes(): readonly string[];
  /** Lets this lane go on, or all of them. */
  resumeLanes(lane?: string): void;
}

export function createAccumulator<E extends AccumulatorEntry, S extends { readonly ok: true }>(
  options: AccumulatorOptions<E, S>,
): Accumulator<E> {
  return new BatchAccumulator(options);
}
