import type { AccumulatorEntry, Ticket } from './accumulator.ts';
import type { Queued } from './batch-queue.ts';
import type { Clock, Timer } from './clock.ts';
import type { Linked } from './linked-list.ts';
import type { FailedAttempt, QueueError } from './queue-error.ts';

/** Not Infinity: of a number that is no small integer V8 allocates one for each entry. */
const anyCompany = 0x3fff_ffff;

/** Failed attempts that are remembered of an entry: the last ones. */
const longestHistory = 20;

/** An entry that is not settled yet, and what has happened to it so far. */
export class Unsettled<E extends AccumulatorEntry> implements Queued, Linked<Unsettled<E>>, Ticket {
  state: 'waiting' | 'in-flight' | 'backing-off' | 'settled' = 'waiting';
  attempts = 0;
  maxCompany: number = anyCompany;
  /** Whether some attempt may have taken effect. */
  ambiguous = false;
  lastError: QueueError | undefined;
  /** Nothing is allocated for it before the first failure. */
  history: FailedAttempt[] | undefined;
  /** With which others it waits, while it backs off or is set aside. */
  apart: Apart<E> | undefined;
  // Neighbours in the batch queue, while it waits there.
  previous: Unsettled<E> | undefined;
  next: Unsettled<E> | undefined;
  // Neighbours among all that are unsettled.
  older: Unsettled<E> | undefined;
  newer: Unsettled<E> | undefined;

  readonly entry: E;
  readonly sequence: number;
  /** Monotonic. */
  readonly waitingSince: number;
  readonly #cancel: (unsettled: Unsettled<E>, error: QueueError) => void;

  constructor(
    entry: E,
    sequence: number,
    waitingSince: number,
    cancel: (unsettled: Unsettled<E>, error: QueueError) => void,
  ) {
    this.entry = entry;
    this.sequence = sequence;
    this.waitingSince = waitingSince;
    this.#cancel = cancel;
  }

  get bytes(): number {
    return this.entry.bytes;
  }

  get lane(): string | undefined {
    return this.entry.lane;
  }

  get flow(): string | undefined {
    return this.entry.flow;
  }

  get isUnderWay(): boolean {
    return this.state === 'in-flight';
  }

  /** Notes a failed attempt. */
  failed(error: QueueError, now: number): void {
    this.lastError = error;
    this.ambiguous ||= error.outcome === 'unknown';
    this.history ??= [];
    if (this.history.length === longestHistory) {
      this.history.shift();
    }
    this.history.push({ afterMs: now - this.waitingSince, code: error.code });
  }

  cancel(error: QueueError): void {
    this.#cancel(this, error);
  }
}

/**
 * Entries that are kept apart from the batch queue for a while: those of a call that failed until they are repeated, or
 * those that may not leave for now. Those that are given up meanwhile are kept by nothing here.
 */
export class Apart<E extends AccumulatorEntry> {
  readonly #waiting = new Set<Unsettled<E>>();
  #timer: Timer | undefined;

  add(entry: Unsettled<E>): void {
    entry.state = 'backing-off';
    entry.apart = this;
    this.#waiting.add(entry);
  }

  drop(entry: Unsettled<E>): void {
    this.#waiting.delete(entry);
    if (this.#waiting.size === 0) {
      this.#timer?.cancel();
    }
  }

  /** Calls back after `delayMs`, if any still waits. */
  start(clock: Clock, delayMs: number, onDue: () => void): void {
    if (this.#waiting.size > 0) {
      this.#timer = clock.setTimer(onDue, delayMs, { keepAlive: true });
    }
  }

  /** Those that still wait, which are here no longer. */
  take(): readonly Unsettled<E>[] {
    const entries = [...this.#waiting];
    this.#waiting.clear();
    return entries;
  }
}

/** All entries that are unsettled, oldest first, wherever they are. */
export class UnsettledList<E extends AccumulatorEntry> {
  #oldest: Unsettled<E> | undefined;
  #newest: Unsettled<E> | undefined;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** What is here now: a copy, so that entries may come and go meanwhile. */
  all(): readonly Unsettled<E>[] {
    const all: Unsettled<E>[] = [];
    for (let unsettled = this.#oldest; unsettled !== undefined; unsettled = unsettled.newer) {
      all.push(unsettled);
    }
    return all;
  }

  add(unsettled: Unsettled<E>): void {
    unsettled.older = this.#newest;
    if (this.#newest === undefined) {
      this.#oldest = unsettled;
    } else {
      this.#newest.newer = unsettled;
    }
    this.#newest = unsettled;
    this.#size++;
  }

  remove(unsettled: Unsettled<E>): void {
    const { older, newer } = unsettled;
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
    unsettled.older = undefined;
    unsettled.newer = undefined;
    this.#size--;
  }
}
