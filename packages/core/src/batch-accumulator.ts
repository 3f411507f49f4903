import type {
  Accumulator,
  AccumulatorEntry,
  AccumulatorOptions,
  FlushReason,
  Ticket,
} from './accumulator.ts';
import { type Alarm, createAlarm, sweepPauseMs } from './alarm.ts';
import { asUnknown, deadlineError } from './attempt-errors.ts';
import { BatchCalls } from './batch-calls.ts';
import { BatchQueue } from './batch-queue.ts';
import { createFixedLimit } from './concurrency.ts';
import type { Failure } from './queue.ts';
import { abortedError, type QueueError } from './queue-error.ts';
import { Apart, Unsettled, UnsettledList } from './unsettled.ts';

/** The parts put together: what waits, what is under way, what is to be tried again, and the two timers. */
export class BatchAccumulator<E extends AccumulatorEntry, S extends { readonly ok: true }>
  implements Accumulator<E>
{
  readonly #options: AccumulatorOptions<E, S>;
  readonly #queue: BatchQueue<Unsettled<E>>;
  readonly #calls: BatchCalls<Unsettled<E>, S>;
  readonly #unsettled = new UnsettledList<E>();
  /** What may not leave for now. */
  readonly #aside = new Apart<E>();
  #nextSequence = 0;
  /** The newest entry that was here when the alarm rang: the loop that added it has come to its end. */
  #turnedThrough = -1;
  readonly flushes: Record<FlushReason, number> = { full: 0, retried: 0, hurried: 0, idle: 0, lingered: 0 };

  /** While entries are being settled or a batch is leaving, no other batch leaves: it could not be full yet. */
  #isHeld = false;
  readonly #leaveAlarm: Alarm;
  readonly #deadlineAlarm: Alarm;

  constructor(options: AccumulatorOptions<E, S>) {
    const { clock, maxInFlight, callTimeoutMs, laneOrder = 'strict', signal, call } = options;
    this.#options = options;
    this.#queue = new BatchQueue(laneOrder);
    this.#calls = new BatchCalls<Unsettled<E>, S>({
      clock,
      limit: typeof maxInFlight === 'number' ? createFixedLimit(maxInFlight) : maxInFlight,
      callTimeoutMs,
      signal,
      call: (batch, ending) =>
        call(
          batch.map((node) => node.entry),
          ending,
        ),
      onAnswered: (batch, outcomes) => this.#answered(batch, outcomes),
      onRoom: () => this.#settling(() => options.onAnswered?.()),
    });
    this.#leaveAlarm = createAlarm(clock, () => this.#turned());
    this.#deadlineAlarm = createAlarm(clock, () => this.#sweepDeadlines());
    signal?.addEventListener('abort', () => this.#endCalls(signal), { once: true });
  }

  get size(): number {
    return this.#unsettled.size;
  }

  get inFlight(): number {
    return this.#calls.underWay;
  }

  get hasPlace(): boolean {
    return this.#calls.hasRoom;
  }

  add(entry: E): Ticket {
    const node = new Unsettled(entry, this.#nextSequence++, this.#options.clock.monotonic(), this.#cancelOne);
    this.#unsettled.add(node);
    this.#queue.push(node);
    this.#deadlineAlarm.ringBy(entry.deadlineAt);
    this.#dispatch();
    return node;
  }

  hurry(): void {
    this.#queue.tally.hurry(this.#nextSequence - 1);
    this.#dispatch();
  }

  recall(): void {
    this.#putBack(this.#aside.take());
    this.hurry();
  }

  carries(isSought: (entry: E) => boolean): boolean {
    return this.#calls.some((node) => isSought(node.entry));
  }

  cancelAll(makeError: (entry: E) => QueueError): void {
    this.#settling(() => {
      for (const node of this.#unsettled.all()) {
        this.#cancel(node, makeError(node.entry));
      }
    });
  }

  pauseLane(lane: string): void {
    this.#queue.lanes.pause(lane);
  }

  pausedLanes(): readonly string[] {
    return this.#queue.lanes.paused();
  }

  resumeLanes(lane?: string): void {
    for (const each of lane === undefined ? this.pausedLanes() : [lane]) {
      this.#queue.lanes.resume(each);
    }
    this.#dispatch();
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
        node.apart?.drop(node);
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
    try {
      while (this.hasPlace && this.#leaveIfDue()) {
        // until none is due
      }
    } finally {
      this.#isHeld = false;
    }
  }

  #turned(): void {
    this.#turnedThrough = this.#nextSequence - 1;
    this.#dispatch();
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

  /** Whether a batch has left. If there could be one later, the alarm is set. */
  #leaveIfDue(): boolean {
    const { clock, maxEntries, maxBytes, lingerMs, lingerWhenIdle } = this.#options;
    const { entries, bytes, retried, hurried } = this.#queue.tally;
    if (entries === 0) {
      return false;
    }
    if (entries >= maxEntries || bytes >= maxBytes) {
      this.#leave('full');
      return true;
    }
    if (retried + hurried > 0) {
      this.#leave(retried > 0 ? 'retried' : 'hurried');
      return true;
    }
    const isIdle = this.#calls.underWay === 0 && !lingerWhenIdle;
    const { waitingSince = 0, sequence = 0 } = this.#queue.oldest() ?? {};
    const dueAt = waitingSince + (isIdle ? 0 : lingerMs);
    // Due or not, what a loop adds without pausing leaves together: not before the next turn.
    if (sequence > this.#turnedThrough || dueAt > clock.monotonic()) {
      this.#leaveAlarm.ringBy(dueAt);
      return false;
    }
    this.#leave(isIdle ? 'idle' : 'lingered');
    return true;
  }

  #leave(reason: FlushReason): void {
    const { clock, maxEntries, maxBytes } = this.#options;
    const cut = this.#queue.cut(maxEntries, maxBytes);
    const now = clock.monotonic();
    // The timers may be late: the process may have been busy for longer than there was time.
    const isLate = ({ entry }: Unsettled<E>): boolean => entry.deadlineAt <= now;
    const inTime = cut.some(isLate) ? cut.filter((node) => !isLate(node)) : cut;
    const batch = this.#thatMayLeave(inTime);
    for (const node of batch) {
      node.state = 'in-flight';
      node.attempts++;
    }
    if (batch.length > 0) {
      this.flushes[reason]++;
      this.#calls.make(batch);
    }
    for (const node of inTime === cut ? [] : cut.filter(isLate)) {
      this.#queue.release(node);
      this.#fail(node, deadlineError(node));
    }
  }

  /** Sets the others aside. */
  #thatMayLeave(nodes: readonly Unsettled<E>[]): readonly Unsettled<E>[] {
    const { mayLeave } = this.#options;
    if (mayLeave === undefined || nodes.every(({ entry }) => mayLeave(entry))) {
      return nodes;
    }
    const leaving = nodes.filter(({ entry }) => mayLeave(entry));
    for (const node of nodes) {
      if (!leaving.includes(node)) {
        this.#aside.add(node);
      }
    }
    return leaving;
  }

  #endCalls(signal: AbortSignal): void {
    this.#settling(() => this.#calls.endAll(abortedError(signal, 'unknown')));
  }

  #answered(batch: readonly Unsettled<E>[], outcomes: readonly (S | Failure)[]): void {
    this.#settling(() => {
      const now = this.#options.clock.monotonic();
      const retries: Unsettled<E>[] = [];
      batch.forEach((node, index) => {
        const outcome = outcomes[index];
        if (outcome !== undefined && node.state !== 'settled') {
          this.#conclude(node, outcome, batch.length, now);
        }
      });
      for (const node of batch) {
        if (node.state === 'settled') {
          this.#queue.release(node);
        } else {
          retries.push(node);
        }
      }
      if (retries.length > 0) {
        this.#tellOvertaken(batch, outcomes);
        this.#backOff(retries, now);
      }
      this.#options.onAnswered?.();
    });
  }

  /** Notes the outcome of an attempt; settles the entry unless there is to be another. */
  #conclude(node: Unsettled<E>, outcome: S | Failure, batchLength: number, now: number): void {
    if (outcome.ok) {
      this.#settle(node, outcome);
      return;
    }
    const { error } = outcome;
    node.failed(error, now);
    if (!error.retryable && !isDivisible(error, batchLength)) {
      this.#fail(node, error);
    }
  }

  #tellOvertaken(batch: readonly Unsettled<E>[], outcomes: readonly (S | Failure)[]): void {
    const { onOvertaken, laneOrder } = this.#options;
    if (onOvertaken === undefined || laneOrder !== 'throughput') {
      return;
    }
    batch.forEach((node, index) => {
      const by = batch.filter(
        (later, place) =>
          place > index &&
          later.lane === node.lane &&
          node.lane !== undefined &&
          outcomes[place]?.ok === true,
      ).length;
      if (by > 0 && node.state !== 'settled') {
        onOvertaken(node.entry, by);
      }
    });
  }

  /** Entries that failed together wait together. Those whose deadline comes first are given up now. */
  #backOff(nodes: readonly Unsettled<E>[], now: number): void {
    const { clock, backoff } = this.#options;
    const divided = nodes.filter((node) => node.lastError?.code === 'batch-too-large');
    for (const node of divided) {
      node.maxCompany = Math.ceil(divided.length / 2);
    }
    const failures = Math.max(...nodes.map((node) => node.attempts));
    const throttled = nodes.some((node) => node.lastError?.throttled === true);
    // A batch that was too large is only divided: there is nothing to wait for.
    const delayMs = divided.length === nodes.length ? 0 : backoff(failures, throttled);
    const resumesAt = now + delayMs;
    const apart = new Apart<E>();
    for (const node of nodes) {
      apart.add(node);
    }
    for (const node of nodes) {
      if (node.entry.deadlineAt <= resumesAt) {
        this.#cancel(node, deadlineError(node));
      }
    }
    apart.start(clock, delayMs, () => {
      this.#putBack(apart.take());
      this.#dispatch();
    });
  }

  /** To the front, in the order in which they had left. */
  #putBack(nodes: readonly Unsettled<E>[]): void {
    for (const node of nodes.toReversed()) {
      node.state = 'waiting';
      this.#queue.putBack(node);
    }
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
        if (node.state === 'settled') {
          continue; // by what another's owner did
        }
        if (givenUpAt <= now) {
          this.#cancel(node, deadlineError(node));
        } else {
          this.#deadlineAlarm.ringBy(Math.max(givenUpAt, now + sweepPauseMs));
        }
      }
    });
  }

  /** With nothing left to wait for, no timer may keep the process alive. */
  #restIfEmpty(): void {
    if (this.#unsettled.size === 0) {
      this.#leaveAlarm.clear();
      this.#deadlineAlarm.clear();
    }
  }
}

/** Whether a failure says only that there was too much in the call. */
function isDivisible(error: QueueError, batchLength: number): boolean {
  return error.code === 'batch-too-large' && batchLength > 1;
}
