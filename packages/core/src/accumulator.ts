import { type Alarm, createAlarm, sweepPauseMs } from './alarm.ts';
import { BatchQueue } from './batch-queue.ts';
import type { Clock } from './clock.ts';
import { createDeque } from './deque.ts';
import type { Failure } from './queue.ts';
import { abortedError, QueueError, toQueueError } from './queue-error.ts';
import type { Backoff } from './retry.ts';
import { Retry, Unsettled, UnsettledList } from './unsettled.ts';

/** Something to be carried out in a batch call: a message to send, a receipt handle to delete, a lease to renew. */
export interface AccumulatorEntry {
  /** What it adds to the size of a batch. */
  readonly bytes: number;
  /**
   * Entries of one lane leave one at a time and in order: the next only when the one before it is settled and no call
   * with it is under way.
   */
  readonly lane?: string | undefined;
  /** On the monotonic clock: when it is given up, retries included. Up to 50 ms late where another was just given up. */
  readonly deadlineAt: number;
  /** On the monotonic clock: since when it has waited for company. Default: when it is added. */
  readonly waitingSince?: number | undefined;
}

export interface AccumulatorOptions<E extends AccumulatorEntry, S extends { readonly ok: true }> {
  readonly clock: Clock;
  /** Most entries of a batch. */
  readonly maxEntries: number;
  /** Most bytes of a batch; an entry that is larger goes alone. */
  readonly maxBytes: number;
  /** Longest time an entry waits for company, in milliseconds. */
  readonly lingerMs: number;
  /** Whether entries linger while nothing is in flight too: fewer calls, later. Otherwise the first leaves at once. */
  readonly lingerWhenIdle: boolean;
  /** Most batch calls at a time. */
  readonly maxInFlight: number;
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
  /** Once it aborts, calls under way are ended at once, and no other is made: `aborted` for their entries. */
  readonly signal?: AbortSignal | undefined;
  /**
   * The batch call: one outcome for each entry, by position. A rejection counts as the failure of every entry. Once
   * `signal` has aborted, the answer is ignored.
   */
  readonly call: (entries: readonly E[], signal: AbortSignal) => Promise<readonly (S | Failure)[]>;
  /** Told exactly once for each entry what became of it. Must not throw: what it throws is an uncaught exception. */
  readonly onSettled: (entry: E, outcome: S | Failure, attempts: number) => void;
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
  /**
   * Settles the entry with this error now, unless it is settled already. The outcome becomes `unknown` where a call
   * with the entry is under way, whose answer is then ignored, or an earlier one may have taken effect.
   */
  cancel(error: QueueError): void;
}

/**
 * Gathers entries into batches and sees each one through: what fits a batch, when it leaves, how many are in flight,
 * and the retry of failed entries alone.
 *
 * A batch leaves when it is full, when its first entry has lingered, when nothing is in flight, when an entry comes back
 * after a failure, or when it is hurried; never more than `maxInFlight` at a time, so under load batches fill while they
 * wait. An entry that could leave never waits longer than `lingerMs` for company.
 */
export interface Accumulator<E extends AccumulatorEntry> {
  /** Entries not settled yet: waiting, in flight or backing off. */
  readonly size: number;
  /** Batch calls under way. */
  readonly inFlight: number;
  /** Whether another call could begin now. */
  readonly hasPlace: boolean;
  add(entry: E): Ticket;
  /** Lets what is here now leave without lingering. */
  hurry(): void;
  /** As `hurry`; resolves when all of what is here now is settled. */
  flush(): Promise<void>;
  /** Cancels everything that is here now, each entry with the error made for it. */
  cancelAll(makeError: (entry: E) => QueueError): void;
}

export function createAccumulator<E extends AccumulatorEntry, S extends { readonly ok: true }>(
  options: AccumulatorOptions<E, S>,
): Accumulator<E> {
  return new BatchAccumulator(options);
}

class BatchAccumulator<E extends AccumulatorEntry, S extends { readonly ok: true }>
  implements Accumulator<E>
{
  readonly #options: AccumulatorOptions<E, S>;
  readonly #queue = new BatchQueue<Unsettled<E>>();

  readonly #unsettled = new UnsettledList<E>();
  #nextSequence = 0;
  readonly #flushes = createDeque<Flush>();

  /** What ends each of the calls under way. */
  readonly #calls = new Set<(error: QueueError) => void>();
  /** While entries are being settled or a batch is leaving, no other batch leaves: it could not be full yet. */
  #isHeld = false;
  readonly #leaveAlarm: Alarm;
  readonly #deadlineAlarm: Alarm;

  constructor(options: AccumulatorOptions<E, S>) {
    this.#options = options;
    this.#leaveAlarm = createAlarm(options.clock, () => this.#dispatch());
    this.#deadlineAlarm = createAlarm(options.clock, () => this.#sweepDeadlines());
    options.signal?.addEventListener('abort', this.#endCalls, { once: true });
  }

  get size(): number {
    return this.#unsettled.size;
  }

  get inFlight(): number {
    return this.#calls.size;
  }

  get hasPlace(): boolean {
    return this.#calls.size < this.#options.maxInFlight;
  }

  add(entry: E): Ticket {
    const waitingSince = entry.waitingSince ?? this.#options.clock.monotonic();
    const node = new Unsettled(entry, this.#nextSequence++, waitingSince, this.#cancelOne);
    this.#unsettled.add(node);
    this.#queue.push(node);
    this.#deadlineAlarm.ringBy(entry.deadlineAt);
    this.#dispatch();
    return node;
  }

  hurry(): void {
    this.#queue.hurry(this.#nextSequence - 1);
    this.#dispatch();
  }

  flush(): Promise<void> {
    const through = this.#nextSequence - 1;
    this.hurry();
    if (this.#unsettled.isSettledThrough(through)) {
      return Promise.resolve();
    }
    return new Promise((resolve) => {
      this.#flushes.pushBack({ through, resolve });
    });
  }

  cancelAll(makeError: (entry: E) => QueueError): void {
    this.#settling(() => {
      for (const node of this.#unsettled.all()) {
        this.#cancel(node, makeError(node.entry));
      }
    });
  }

  readonly #cancelOne = (node: Unsettled<E>, error: QueueError): void => {
    this.#cancel(node, error);
    this.#dispatch();
  };

  #cancel(node: Unsettled<E>, error: QueueError): void {
    switch (node.state) {
      case 'settled':
        return;
      case 'waiting':
        this.#queue.withdraw(node);
        break;
      case 'backing-off':
        node.retry?.drop(node);
        this.#queue.release(node);
        break;
      case 'in-flight':
        node.ambiguous = true; // its lane goes on when the call is answered
        break;
    }
    this.#fail(node, error);
  }

  /** Lets batches leave as long as there is one that should. */
  #dispatch(): void {
    if (this.#isHeld) {
      return; // whoever holds it dispatches afterwards
    }
    this.#isHeld = true;
    const { clock, maxEntries, maxBytes } = this.#options;
    try {
      while (this.hasPlace) {
        const dueAt = this.#nextDueAt();
        if (dueAt > clock.monotonic()) {
          this.#leaveAlarm.ringBy(dueAt);
          break;
        }
        this.#leave(this.#queue.cut(maxEntries, maxBytes));
      }
    } finally {
      this.#isHeld = false;
    }
  }

  /** Settles entries while no batch leaves. */
  #settling(settle: () => void): void {
    const wasHeld = this.#isHeld;
    this.#isHeld = true;
    try {
      settle();
    } finally {
      this.#isHeld = wasHeld;
      this.#dispatch();
    }
  }

  /** When the next batch should leave: -Infinity for at once, Infinity where none could. */
  #nextDueAt(): number {
    const { maxEntries, maxBytes, lingerMs, lingerWhenIdle } = this.#options;
    const next = this.#queue.peek();
    if (next === undefined) {
      return Number.POSITIVE_INFINITY;
    }
    const isFull = this.#queue.count >= maxEntries || this.#queue.bytes >= maxBytes;
    if (isFull || this.#queue.isUrgent) {
      return Number.NEGATIVE_INFINITY;
    }
    const isIdle = this.#calls.size === 0 && !lingerWhenIdle;
    return next.waitingSince + (isIdle ? oneTurnMs : Math.max(oneTurnMs, lingerMs));
  }

  #leave(batch: readonly Unsettled<E>[]): void {
    for (const node of batch) {
      node.state = 'in-flight';
      node.attempts++;
    }
    const { clock, callTimeoutMs, signal } = this.#options;
    const ending = new AbortController();
    const end = (error: QueueError): void => {
      ending.abort(error);
      answer(failureOfAll(batch, error));
    };
    const answer = (outcomes: readonly (S | Failure)[]): void => {
      if (this.#calls.delete(end)) {
        timer.cancel();
        this.#answered(batch, outcomes);
      }
    };
    this.#calls.add(end);
    // Does not keep the process alive: the deadline alarm does, while an entry waits for the answer.
    const timer = clock.setTimer(() => end(timeoutError(callTimeoutMs)), callTimeoutMs);
    if (signal?.aborted === true) {
      end(abortedError(signal));
    } else {
      void this.#call(batch, ending.signal).then(answer);
    }
  }

  /** One outcome for each entry, whatever the call answers. */
  async #call(batch: readonly Unsettled<E>[], signal: AbortSignal): Promise<readonly (S | Failure)[]> {
    try {
      const outcomes = await this.#options.call(
        batch.map((node) => node.entry),
        signal,
      );
      return batch.map((_, index) => outcomes[index] ?? missingOutcome());
    } catch (reason) {
      return failureOfAll(batch, toQueueError(reason, 'batch call'));
    }
  }

  readonly #endCalls = (): void => {
    const { signal } = this.#options;
    this.#settling(() => {
      for (const end of [...this.#calls]) {
        end(abortedError(signal ?? {}, 'unknown'));
      }
    });
  };

  #answered(batch: readonly Unsettled<E>[], outcomes: readonly (S | Failure)[]): void {
    this.#settling(() => {
      batch.forEach((node, index) => {
        const outcome = outcomes[index];
        if (outcome !== undefined && node.state !== 'settled') {
          this.#conclude(node, outcome, batch.length);
        }
      });
      const retries: Unsettled<E>[] = [];
      for (const node of batch) {
        if (node.state === 'settled') {
          this.#queue.release(node);
        } else {
          retries.push(node);
        }
      }
      if (retries.length > 0) {
        this.#backOff(retries);
      }
      this.#options.onAnswered?.();
    });
  }

  /** Notes the outcome of an attempt; settles the entry unless there is to be another. */
  #conclude(node: Unsettled<E>, outcome: S | Failure, batchLength: number): void {
    if (outcome.ok) {
      this.#settle(node, outcome);
      return;
    }
    const { error } = outcome;
    node.lastError = error;
    node.ambiguous ||= error.outcome === 'unknown';
    if (error.code === 'batch-too-large' && batchLength > 1) {
      node.alone = true;
    } else if (!error.retryable) {
      this.#fail(node, error);
    }
  }

  /** Entries that failed together wait together. Those whose deadline comes first are given up now. */
  #backOff(nodes: readonly Unsettled<E>[]): void {
    const { clock, backoff } = this.#options;
    const failures = Math.max(...nodes.map((node) => node.attempts));
    const throttled = nodes.some((node) => node.lastError?.throttled === true);
    // A batch that was too large is only divided: there is nothing to wait for.
    const isDivided = nodes.every((node) => node.lastError?.code === 'batch-too-large');
    const delayMs = isDivided ? 0 : backoff(failures, throttled);
    const resumesAt = clock.monotonic() + delayMs;
    const retry = new Retry<E>();
    for (const node of nodes) {
      retry.add(node);
    }
    for (const node of nodes) {
      if (node.entry.deadlineAt <= resumesAt) {
        this.#cancel(node, deadlineError(node));
      }
    }
    retry.start(clock, delayMs, (due) => this.#resume(due));
  }

  /** Puts entries back to the front in the order in which they had left. */
  #resume(nodes: readonly Unsettled<E>[]): void {
    for (const node of nodes.toReversed()) {
      node.state = 'waiting';
      this.#queue.putBack(node);
    }
    this.#dispatch();
  }

  #settle(node: Unsettled<E>, outcome: S | Failure): void {
    node.state = 'settled';
    this.#unsettled.remove(node);
    try {
      this.#options.onSettled(node.entry, outcome, node.attempts);
    } catch (error) {
      // A defect of its owner, which must be heard of; the other entries of the batch are not to blame.
      queueMicrotask(() => {
        throw error;
      });
    }
    this.#wakeFlushes();
    this.#restIfEmpty();
  }

  #fail(node: Unsettled<E>, error: QueueError): void {
    this.#settle(node, { ok: false, error: node.ambiguous ? asUnknown(error) : error });
  }

  /** Gives up what is past its deadline. Rare: the alarm stands at the earliest of all deadlines. */
  #sweepDeadlines(): void {
    const now = this.#options.clock.monotonic();
    this.#settling(() => {
      for (const node of this.#unsettled.all()) {
        const { answerGraceMs = 0 } = this.#options;
        const givenUpAt = node.entry.deadlineAt + (node.state === 'in-flight' ? answerGraceMs : 0);
        if (givenUpAt <= now) {
          this.#cancel(node, deadlineError(node));
        } else if (node.state !== 'settled') {
          this.#deadlineAlarm.ringBy(Math.max(givenUpAt, now + sweepPauseMs));
        }
      }
    });
  }

  #wakeFlushes(): void {
    for (;;) {
      const flush = this.#flushes.peekFront();
      if (flush === undefined || !this.#unsettled.isSettledThrough(flush.through)) {
        return;
      }
      this.#flushes.popFront();
      flush.resolve();
    }
  }

  /** With nothing left to wait for, no timer may keep the process alive. */
  #restIfEmpty(): void {
    if (this.#unsettled.size === 0) {
      this.#leaveAlarm.clear();
      this.#deadlineAlarm.clear();
    }
  }
}

// The shortest linger: one turn of the timer, so that what a loop adds without pausing leaves together.
const oneTurnMs = 1;

interface Flush {
  readonly through: number;
  readonly resolve: () => void;
}

function failureOfAll(batch: readonly unknown[], error: QueueError): readonly Failure[] {
  const failure: Failure = { ok: false, error };
  return batch.map(() => failure);
}

function timeoutError(timeoutMs: number): QueueError<'timeout'> {
  const message = `the batch call did not answer within ${timeoutMs} ms`;
  const details = { operation: 'batch call', timeoutMs };
  return new QueueError('timeout', message, details, { retryable: true, outcome: 'unknown' });
}

function missingOutcome(): Failure {
  const message = 'the batch call gave no outcome for this entry';
  return {
    ok: false,
    error: new QueueError('unexpected', message, { operation: 'batch call' }, { outcome: 'unknown' }),
  };
}

/** The error of an entry that is given up at its deadline. */
export function deadlineError({ attempts, lastError }: Pick<Ticket, 'attempts' | 'lastError'>): QueueError {
  const when =
    attempts === 0
      ? 'before the first attempt'
      : `after ${attempts} ${attempts === 1 ? 'attempt' : 'attempts'}`;
  const message = `gave up at the deadline, ${when}`;
  return new QueueError('deadline-exceeded', message, { attempts }, { cause: lastError });
}

/** The same error of an entry that may have taken effect. */
export function asUnknown(error: QueueError): QueueError {
  if (error.outcome === 'unknown') {
    return error;
  }
  const { code, details, throttled, retryable } = error;
  const said = error.message.slice(`[${code}] `.length);
  const message = `${said}; this or an earlier attempt may have taken effect`;
  // The cause goes on: of a call that was aborted, it is the signal's reason.
  const cause = error.cause ?? error;
  return new QueueError(code, message, details, { outcome: 'unknown', throttled, retryable, cause });
}
