import { BatchQueue, type Queued } from './batch-queue.ts';
import type { Clock, Timer } from './clock.ts';
import type { Failure } from './queue.ts';
import { QueueError, toQueueError } from './queue-error.ts';
import type { Backoff } from './retry.ts';

/** Something to be carried out in a batch call: a message to send, a receipt handle to delete, a lease to renew. */
export interface AccumulatorEntry {
  /** What it adds to the size of a batch. */
  readonly bytes: number;
  /** Entries of one lane leave one at a time and in order: the next only when the one before it is settled. */
  readonly lane?: string | undefined;
  /** On the monotonic clock: when it is given up, retries included. */
  readonly deadlineAt: number;
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
  /** The batch call: one outcome for each entry, by position. A rejection counts as the failure of every entry. */
  readonly call: (entries: readonly E[]) => Promise<readonly (S | Failure)[]>;
  /** Told exactly once for each entry what became of it. Must not throw. */
  readonly onSettled: (entry: E, outcome: S | Failure, attempts: number) => void;
}

/** An entry's place in the accumulator. */
export interface Ticket {
  /** Calls the entry has taken part in so far. */
  readonly attempts: number;
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
 * A batch leaves when it is full, when its oldest entry has lingered, when there is nothing to wait for, or on `flush`;
 * never more than `maxInFlight` at a time, so under load batches fill while they wait.
 */
export interface Accumulator<E extends AccumulatorEntry> {
  /** Entries not settled yet: waiting, in flight or backing off. */
  readonly size: number;
  /** Batch calls under way. */
  readonly inFlight: number;
  add(entry: E): Ticket;
  /** Lets what is here now leave without lingering. Resolves when all of it is settled. */
  flush(): Promise<void>;
  /** Cancels everything that is here now, each entry with the error made for it. */
  cancelAll(makeError: (entry: E) => QueueError): void;
}

export function createAccumulator<E extends AccumulatorEntry, S extends { readonly ok: true }>(
  options: AccumulatorOptions<E, S>,
): Accumulator<E> {
  return new BatchAccumulator(options);
}

/** An entry and what has happened to it so far. */
class Node<E extends AccumulatorEntry> implements Queued, Ticket {
  state: 'waiting' | 'in-flight' | 'backing-off' | 'settled' = 'waiting';
  attempts = 0;
  alone = false;
  /** Whether some attempt may have taken effect. */
  ambiguous = false;
  lastError: QueueError | undefined;
  // Neighbours in the list of unsettled entries.
  older: Node<E> | undefined;
  newer: Node<E> | undefined;

  readonly entry: E;
  readonly sequence: number;
  /** Monotonic; -Infinity once it need not linger any more. */
  waitingSince: number;
  readonly #cancel: (node: Node<E>, error: QueueError) => void;

  constructor(entry: E, sequence: number, now: number, cancel: (node: Node<E>, error: QueueError) => void) {
    this.entry = entry;
    this.sequence = sequence;
    this.waitingSince = now;
    this.#cancel = cancel;
  }

  get bytes(): number {
    return this.entry.bytes;
  }

  get lane(): string | undefined {
    return this.entry.lane;
  }

  get isWaiting(): boolean {
    return this.state === 'waiting';
  }

  cancel(error: QueueError): void {
    this.#cancel(this, error);
  }
}

class BatchAccumulator<E extends AccumulatorEntry, S extends { readonly ok: true }>
  implements Accumulator<E>
{
  readonly #options: AccumulatorOptions<E, S>;
  readonly #queue = new BatchQueue<Node<E>>();

  // Every unsettled entry, oldest first: what deadlines, flush and cancelAll are about.
  #oldest: Node<E> | undefined;
  #newest: Node<E> | undefined;
  #size = 0;

  #nextSequence = 0;
  #flushThrough = -1;
  #flushWaiters: { readonly through: number; readonly resolve: () => void }[] = [];

  #inFlight = 0;
  #isDispatching = false;
  readonly #backoffTimers = new Set<Timer>();
  #leaveTimer: ArmedTimer | undefined;
  #deadlineTimer: ArmedTimer | undefined;

  constructor(options: AccumulatorOptions<E, S>) {
    this.#options = options;
  }

  get size(): number {
    return this.#size;
  }

  get inFlight(): number {
    return this.#inFlight;
  }

  add(entry: E): Ticket {
    const node = new Node(entry, this.#nextSequence++, this.#options.clock.monotonic(), this.#cancelOne);
    this.#link(node);
    this.#queue.push(node);
    this.#watchDeadline(entry.deadlineAt);
    this.#dispatch();
    return node;
  }

  flush(): Promise<void> {
    const through = this.#nextSequence - 1;
    this.#flushThrough = through;
    this.#dispatch();
    if (this.#isSettledThrough(through)) {
      return Promise.resolve();
    }
    return new Promise((resolve) => {
      this.#flushWaiters.push({ through, resolve });
    });
  }

  cancelAll(makeError: (entry: E) => QueueError): void {
    for (const node of this.#unsettled()) {
      this.#cancel(node, makeError(node.entry));
    }
    // They would find nothing to do, but keep the process alive.
    for (const timer of this.#backoffTimers) {
      timer.cancel();
    }
    this.#backoffTimers.clear();
  }

  readonly #cancelOne = (node: Node<E>, error: QueueError): void => {
    this.#cancel(node, error);
    this.#dispatch();
  };

  #cancel(node: Node<E>, error: QueueError): void {
    const { state } = node;
    if (state === 'settled') {
      return;
    }
    if (state === 'in-flight') {
      node.ambiguous = true;
    }
    this.#fail(node, error);
    if (state === 'waiting') {
      this.#queue.withdraw(node);
    } else if (state === 'backing-off') {
      this.#queue.release(node);
    }
    // In flight: its lane goes on when the call is answered.
  }

  /** Lets batches leave as long as there is one that should. */
  #dispatch(): void {
    if (this.#isDispatching) {
      return; // a call that settles entries at once must not start a second round inside this one
    }
    this.#isDispatching = true;
    const { clock, maxEntries, maxBytes, maxInFlight } = this.#options;
    while (this.#inFlight < maxInFlight) {
      const dueAt = this.#nextDueAt();
      if (dueAt === undefined) {
        break;
      }
      if (dueAt > clock.monotonic()) {
        this.#leaveAt(dueAt);
        break;
      }
      this.#leave(this.#queue.cut(maxEntries, maxBytes));
    }
    this.#isDispatching = false;
  }

  /** When the next batch should leave: -Infinity for at once, `undefined` where nothing could. */
  #nextDueAt(): number | undefined {
    const { maxEntries, maxBytes, lingerMs, lingerWhenIdle } = this.#options;
    const next = this.#queue.peek();
    if (next === undefined) {
      return undefined;
    }
    const isFull = this.#queue.count >= maxEntries || this.#queue.bytes >= maxBytes || next.alone;
    if (isFull || next.sequence <= this.#flushThrough) {
      return Number.NEGATIVE_INFINITY;
    }
    const isIdle = this.#inFlight === 0 && !lingerWhenIdle;
    return next.waitingSince + (isIdle ? oneTurnMs : Math.max(oneTurnMs, lingerMs));
  }

  #leaveAt(dueAt: number): void {
    if (this.#leaveTimer === undefined || this.#leaveTimer.at > dueAt) {
      this.#leaveTimer?.timer.cancel();
      this.#leaveTimer = this.#arm(dueAt, () => {
        this.#leaveTimer = undefined;
        this.#dispatch();
      });
    }
  }

  #leave(batch: readonly Node<E>[]): void {
    this.#inFlight++;
    for (const node of batch) {
      node.state = 'in-flight';
      node.attempts++;
    }
    this.#call(batch).then(
      (outcomes) => this.#answered(batch, (index) => outcomes[index] ?? missingOutcome),
      (reason: unknown) => {
        const failure: Failure = { ok: false, error: toQueueError(reason, 'batch call') };
        this.#answered(batch, () => failure);
      },
    );
  }

  async #call(batch: readonly Node<E>[]): Promise<readonly (S | Failure)[]> {
    return await this.#options.call(batch.map((node) => node.entry));
  }

  #answered(batch: readonly Node<E>[], outcomeOf: (index: number) => S | Failure): void {
    this.#inFlight--;
    const retries: Node<E>[] = [];
    batch.forEach((node, index) => {
      const outcome = outcomeOf(index);
      if (node.state !== 'settled') {
        if (outcome.ok) {
          this.#settle(node, outcome);
        } else if (this.#mayRetry(node, outcome.error, batch.length)) {
          retries.push(node);
          return;
        } else {
          this.#fail(node, outcome.error);
        }
      }
      this.#queue.release(node);
    });
    if (retries.length > 0) {
      this.#backOff(retries);
    }
    this.#dispatch();
  }

  /** Notes the failure of an attempt and decides whether there is to be another. */
  #mayRetry(node: Node<E>, error: QueueError, batchLength: number): boolean {
    node.lastError = error;
    node.ambiguous ||= error.outcome === 'unknown';
    if (error.code === 'batch-too-large' && batchLength > 1) {
      node.alone = true;
      return true;
    }
    return error.retryable;
  }

  /** Entries that failed together wait together. Those whose deadline comes first are given up now. */
  #backOff(nodes: readonly Node<E>[]): void {
    const { clock, backoff } = this.#options;
    const failures = Math.max(...nodes.map((node) => node.attempts));
    const throttled = nodes.some((node) => node.lastError?.throttled === true);
    const delayMs = nodes.every((node) => node.alone) ? 0 : backoff(failures, throttled);
    const resumesAt = clock.monotonic() + delayMs;
    const waiting: Node<E>[] = [];
    for (const node of nodes) {
      if (node.entry.deadlineAt > resumesAt) {
        node.state = 'backing-off';
        waiting.push(node);
      } else {
        this.#expire(node);
        this.#queue.release(node);
      }
    }
    if (waiting.length > 0) {
      const resume = (): void => {
        this.#backoffTimers.delete(timer);
        this.#resume(waiting);
      };
      const timer = clock.setTimer(resume, delayMs, { keepAlive: true });
      this.#backoffTimers.add(timer);
    }
  }

  /** Puts entries back to the front in the order in which they had left. */
  #resume(nodes: readonly Node<E>[]): void {
    for (const node of nodes.toReversed()) {
      if (node.state === 'backing-off') {
        node.state = 'waiting';
        node.waitingSince = Number.NEGATIVE_INFINITY;
        this.#queue.putBack(node);
      }
    }
    this.#dispatch();
  }

  #settle(node: Node<E>, outcome: S | Failure): void {
    node.state = 'settled';
    this.#unlink(node);
    this.#options.onSettled(node.entry, outcome, node.attempts);
    if (this.#flushWaiters.length > 0) {
      this.#wakeFlushes();
    }
  }

  #fail(node: Node<E>, error: QueueError): void {
    this.#settle(node, { ok: false, error: node.ambiguous ? asUnknown(error) : error });
  }

  #expire(node: Node<E>): void {
    const { attempts, lastError } = node;
    const message = `gave up at the deadline, after ${attempts} attempts`;
    this.#fail(node, new QueueError('deadline-exceeded', message, { attempts }, { cause: lastError }));
  }

  #watchDeadline(deadlineAt: number): void {
    if (this.#deadlineTimer === undefined || this.#deadlineTimer.at > deadlineAt) {
      this.#deadlineTimer?.timer.cancel();
      this.#deadlineTimer = this.#arm(deadlineAt, () => this.#sweepDeadlines());
    }
  }

  /** Gives up what is past its deadline and watches for the next. Rare: the timer stands at the earliest of all. */
  #sweepDeadlines(): void {
    this.#deadlineTimer = undefined;
    const now = this.#options.clock.monotonic();
    let earliest = Number.POSITIVE_INFINITY;
    for (const node of this.#unsettled()) {
      const { state } = node;
      if (node.entry.deadlineAt > now) {
        earliest = Math.min(earliest, node.entry.deadlineAt);
        continue;
      }
      node.ambiguous ||= state === 'in-flight';
      this.#expire(node);
      if (state === 'waiting') {
        this.#queue.withdraw(node);
      } else if (state === 'backing-off') {
        this.#queue.release(node);
      }
    }
    if (this.#size > 0) {
      this.#watchDeadline(earliest);
    }
    this.#dispatch();
  }

  /** A timer that keeps the process alive: there is data behind it. */
  #arm(at: number, callback: () => void): ArmedTimer {
    const { clock } = this.#options;
    const delayMs = Math.max(0, at - clock.monotonic());
    return { at, timer: clock.setTimer(callback, delayMs, { keepAlive: true }) };
  }

  *#unsettled(): Generator<Node<E>> {
    let node = this.#oldest;
    while (node !== undefined) {
      const { newer } = node; // the caller may settle this one
      yield node;
      node = newer;
    }
  }

  #isSettledThrough(sequence: number): boolean {
    return this.#oldest === undefined || this.#oldest.sequence > sequence;
  }

  #wakeFlushes(): void {
    const done = this.#flushWaiters.filter(({ through }) => this.#isSettledThrough(through));
    if (done.length > 0) {
      this.#flushWaiters = this.#flushWaiters.filter((waiter) => !done.includes(waiter));
      for (const { resolve } of done) {
        resolve();
      }
    }
  }

  #link(node: Node<E>): void {
    node.older = this.#newest;
    if (this.#newest === undefined) {
      this.#oldest = node;
    } else {
      this.#newest.newer = node;
    }
    this.#newest = node;
    this.#size++;
  }

  #unlink(node: Node<E>): void {
    const { older, newer } = node;
    if (older === undefined) {
      this.#oldest = newer;
    } else {
      older.newer = newer;
    }
    if (newer === undefined) {
      this.#newest = older;
    } else {
      newer.older = older;
    }
    node.older = undefined;
    node.newer = undefined;
    this.#size--;
    if (this.#size === 0) {
      // Nothing is left to wait for, so nothing may keep the process alive.
      this.#deadlineTimer?.timer.cancel();
      this.#deadlineTimer = undefined;
      this.#leaveTimer?.timer.cancel();
      this.#leaveTimer = undefined;
    }
  }
}

// The shortest linger: one turn of the timer, so that what a loop adds without pausing leaves together.
const oneTurnMs = 1;

interface ArmedTimer {
  readonly at: number;
  readonly timer: Timer;
}

const missingOutcome: Failure = {
  ok: false,
  error: new QueueError(
    'unexpected',
    'the batch call gave no outcome for this entry',
    { operation: 'batch call' },
    { outcome: 'unknown' },
  ),
};

function asUnknown(error: QueueError): QueueError {
  if (error.outcome === 'unknown') {
    return error;
  }
  const { code, details, throttled, retryable } = error;
  const message = 'failed, but an earlier or unanswered attempt may have taken effect';
  return new QueueError(code, message, details, { outcome: 'unknown', throttled, retryable, cause: error });
}
