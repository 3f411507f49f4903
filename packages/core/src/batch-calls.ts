import { type Alarm, createAlarm } from './alarm.ts';
import { missingOutcome, timeoutError } from './attempt-errors.ts';
import type { Clock } from './clock.ts';
import { type ConcurrencyLimit, type ConcurrentCall, tellPace } from './concurrency.ts';
import { createLinkedList, type Linked, type LinkedList } from './linked-list.ts';
import type { Failure } from './queue.ts';
import { abortedError, type QueueError, toQueueError } from './queue-error.ts';

export interface BatchCallsOptions<N, S extends { readonly ok: true }> {
  readonly clock: Clock;
  readonly limit: ConcurrencyLimit;
  readonly callTimeoutMs: number;
  readonly signal: AbortSignal | undefined;
  readonly call: (batch: readonly N[], signal: AbortSignal) => Promise<readonly (S | Failure)[]>;
  /** Told exactly once for each call, when it is no longer under way: one outcome for each of the batch. */
  readonly onAnswered: (batch: readonly N[], outcomes: readonly (S | Failure)[]) => void;
  /** There is room again that an answer did not make at once. */
  readonly onRoom: () => void;
}

/**
 * Where all places are taken, a freed one waits for others: until a quarter of them is free, or for so long in
 * milliseconds. Calls that leave together cost a busy process less CPU each, because every stage of a client's work is
 * done for all of them in a row. Where only the round trip limits, it costs a few per cent of the rate.
 */
const waveMs = 2;
const fewestPlacesOfWaves = 16;

/** The batch calls under way: how many there may be, and when one is ended without an answer. */
export class BatchCalls<N, S extends { readonly ok: true }> {
  readonly #options: BatchCallsOptions<N, S>;
  /**
   * Oldest first. Not a Set: whenever V8 gives one a new table, the one before keeps pointing to that and to what it held,
   * and where it has been promoted to old space, no minor collection frees any of it. It cost a message a third of its CPU.
   */
  readonly #calls: LinkedList<UnderWay<N>> = createLinkedList();
  /** Does not keep the process alive: what waits for an answer has a deadline that does. */
  readonly #alarm: Alarm;
  /** All places were taken, and it is not yet time to take those that are free again. */
  #isFull = false;
  readonly #waveAlarm: Alarm;

  constructor(options: BatchCallsOptions<N, S>) {
    this.#options = options;
    this.#alarm = createAlarm(options.clock, () => this.#endLate(), { keepAlive: false });
    this.#waveAlarm = createAlarm(options.clock, () => this.#nextWave(), { keepAlive: false });
  }

  get underWay(): number {
    return this.#calls.size;
  }

  /** Whether another may be made. */
  get hasRoom(): boolean {
    const { limit } = this.#options;
    return !this.#isFull && limit.inFlight < limit.limit;
  }

  /** Whether there is such an entry in a call under way. */
  some(isSought: (entry: N) => boolean): boolean {
    for (const { batch } of this.#calls) {
      if (batch.some(isSought)) {
        return true;
      }
    }
    return false;
  }

  make(batch: readonly N[]): void {
    const { clock, limit, callTimeoutMs, signal } = this.#options;
    const call = new UnderWay<N>(batch, clock.monotonic() + callTimeoutMs, limit.begin());
    this.#calls.pushBack(call);
    this.#isFull = limit.limit >= fewestPlacesOfWaves && limit.inFlight >= limit.limit;
    this.#alarm.ringBy(call.endsAt);
    if (signal?.aborted === true) {
      this.#end(call, abortedError(signal));
    } else {
      void this.#answer(call);
    }
  }

  /** Ends all of them at once. */
  endAll(error: QueueError): void {
    for (const call of [...this.#calls]) {
      this.#end(call, error);
    }
  }

  async #answer(call: UnderWay<N>): Promise<void> {
    let outcomes: readonly (S | Failure)[];
    try {
      const answer = await this.#options.call(call.batch, call.ending.signal);
      outcomes = call.batch.map((_, index) => answer[index] ?? missingOutcome());
    } catch (reason) {
      outcomes = failureOfAll(call.batch, toQueueError(reason, 'batch call'));
    }
    if (!call.isOver) {
      tellPace(call.place, outcomes);
      this.#over(call, outcomes);
    }
  }

  #end(call: UnderWay<N>, error: QueueError): void {
    call.ending.abort(error);
    if (!call.isOver) {
      call.place.failed();
      this.#over(call, failureOfAll(call.batch, error));
    }
  }

  #over(call: UnderWay<N>, outcomes: readonly (S | Failure)[]): void {
    call.isOver = true;
    this.#calls.remove(call);
    if (this.#calls.size === 0) {
      this.#alarm.clear();
    }
    this.#ebb();
    this.#options.onAnswered(call.batch, outcomes);
  }

  /** A place has become free. */
  #ebb(): void {
    const { clock, limit } = this.#options;
    if (!this.#isFull) {
      return;
    }
    this.#isFull = (limit.limit - limit.inFlight) * 4 < limit.limit && this.#calls.size > 0;
    if (this.#isFull) {
      this.#waveAlarm.ringBy(clock.monotonic() + waveMs);
    } else {
      this.#waveAlarm.clear();
    }
  }

  #nextWave(): void {
    this.#isFull = false;
    this.#options.onRoom();
  }

  /** All have the same time, so they are late in the order in which they were made. */
  #endLate(): void {
    const { clock, callTimeoutMs } = this.#options;
    const now = clock.monotonic();
    for (const call of [...this.#calls]) {
      if (call.endsAt > now) {
        this.#alarm.ringBy(call.endsAt);
        return;
      }
      this.#end(call, timeoutError(callTimeoutMs));
    }
  }
}

class UnderWay<N> implements Linked<UnderWay<N>> {
  previous: UnderWay<N> | undefined;
  next: UnderWay<N> | undefined;
  isOver = false;
  readonly batch: readonly N[];
  readonly endsAt: number;
  /** Its place among the calls in flight. */
  readonly place: ConcurrentCall;
  readonly ending = new AbortController();

  constructor(batch: readonly N[], endsAt: number, place: ConcurrentCall) {
    this.batch = batch;
    this.endsAt = endsAt;
    this.place = place;
  }
}

function failureOfAll(batch: readonly unknown[], error: QueueError): readonly Failure[] {
  const failure: Failure = { ok: false, error };
  return batch.map(() => failure);
}
