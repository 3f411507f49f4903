import {
  abortedError,
  type CloseOptions,
  type CloseReport,
  type OutgoingMessage,
  type Queue,
  QueueError,
  type Sealed,
  type SendOptions,
  type SendOutcome,
  type SendReceipt,
  type Sent,
  type Undelivered,
} from '@sqskit/core';
import { type Accumulator, createAccumulator } from '@sqskit/core/accumulator';
import { type Alarm, createAlarm, sweepPauseMs } from '@sqskit/core/alarm';
import { assertKnownOptions, invalidOption } from '@sqskit/core/options';
import { exponentialBackoff } from '@sqskit/core/retry';
import { Admission } from './admission.ts';
import { Books, type ProducerStats } from './books.ts';
import { Epochs } from './epochs.ts';
import { Intake } from './intake.ts';
import type { Outgoing } from './outgoing.ts';
import type { Producer } from './producer.ts';
import type { ResolvedProducerOptions } from './producer-options.ts';
import { Sealing } from './sealing.ts';
import { SignalGroups } from './signal-groups.ts';
import { askSizeLimit } from './size-limit.ts';

/** The producer: takes messages through the stages, and settles each one's promise. */
export class BatchingProducer<T> implements Producer<T> {
  readonly #queue: Queue;
  readonly #options: ResolvedProducerOptions;

  // A message goes from the one to the next: checks and encoding, room in memory, sealing and its turn in its lane,
  // batches.
  readonly #intake: Intake<T>;
  readonly #admission: Admission<Outgoing<T>>;
  readonly #sealing: Sealing<T>;
  #accumulator: Accumulator<Outgoing<T>> | undefined;

  readonly #books: Books;
  readonly #epochs = new Epochs();
  readonly #signals: SignalGroups<Outgoing<T>>;
  /** For messages that are not in the accumulator, which watches its own deadlines. */
  readonly #deadlineAlarm: Alarm;
  /** Ends the calls under way, when `close` runs out of time. */
  readonly #calls = new AbortController();
  #isAsking = false;
  #isHurrying = false;

  /** What was not delivered since `close` was called. */
  #undelivered: Undelivered<T>[] | undefined;
  #closing: Promise<CloseReport<T>> | undefined;

  constructor(queue: Queue, fifo: boolean, queueName: string, options: ResolvedProducerOptions) {
    const { clock, envelope, maxMessageBytes, recorder } = options;
    this.#queue = queue;
    this.#options = options;
    this.#intake = new Intake(options, fifo);
    this.#admission = new Admission(options, (outgoing) => this.#admitted(outgoing));
    this.#books = new Books(this.#admission, recorder, queueName);
    this.#sealing = new Sealing(envelope, {
      resize: (outgoing, bytes) => this.#resize(outgoing, bytes),
      handOver: (outgoing) => this.#handOver(outgoing),
      fail: (outgoing, error) => this.#fail(outgoing, error),
      discard: (sealed) => void this.#discard(sealed),
    });
    this.#signals = new SignalGroups((outgoing, signal) => this.#cancel(outgoing, abortedError(signal)));
    this.#deadlineAlarm = createAlarm(clock, () => this.#sweepDeadlines());
    if (maxMessageBytes !== undefined) {
      this.#start(maxMessageBytes);
    }
  }

  send(message: OutgoingMessage<T>, options?: SendOptions): Promise<SendReceipt> {
    try {
      this.#assertOpen();
      this.#admission.assertNotFull();
      const outgoing = this.#prepare(message, options);
      if (this.#admission.hasRoom(outgoing.bytes)) {
        this.#enter(outgoing);
      } else {
        this.#wait(outgoing);
      }
      return outgoing.receipt;
    } catch (error) {
      return Promise.reject(error);
    }
  }

  trySend(message: OutgoingMessage<T>, options?: SendOptions): Promise<SendReceipt> | undefined {
    try {
      this.#assertOpen();
      if (!this.#admission.hasRoom(0)) {
        return undefined; // before the message is encoded
      }
      const outgoing = this.#prepare(message, options);
      if (!this.#admission.hasRoom(outgoing.bytes)) {
        this.#abandon(outgoing);
        return undefined;
      }
      this.#enter(outgoing);
      return outgoing.receipt;
    } catch (error) {
      return Promise.reject(error);
    }
  }

  flush(): Promise<void> {
    const settled = this.#epochs.close();
    this.#accumulator?.hurry();
    return settled;
  }

  close(options?: CloseOptions): Promise<CloseReport<T>> {
    try {
      assertKnownOptions('close', ['timeoutMs'], options);
    } catch (error) {
      return Promise.reject(error);
    }
    const timeoutMs = options?.timeoutMs ?? this.#options.deadlineMs;
    if (!(typeof timeoutMs === 'number' && timeoutMs >= 0)) {
      return Promise.reject(
        invalidOption('close', 'timeoutMs', timeoutMs, 'a number of milliseconds from 0'),
      );
    }
    this.#undelivered ??= [];
    this.#closing ??= this.#shutDown(timeoutMs, this.#undelivered);
    return this.#closing;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  stats(): ProducerStats {
    return this.#books.stats(this.#accumulator?.inFlight ?? 0);
  }

  #assertOpen(): void {
    if (this.#undelivered !== undefined) {
      throw new QueueError('closed', 'the producer is closed', { what: 'producer' });
    }
  }

  /** Seals the message too, where that can be done at once. Throws what is wrong with it. */
  #prepare(message: OutgoingMessage<T>, options: SendOptions | undefined): Outgoing<T> {
    const outgoing = this.#intake.take(message, options);
    this.#sealing.begin(outgoing);
    return outgoing;
  }

  #enter(outgoing: Outgoing<T>): void {
    this.#track(outgoing);
    this.#admission.enter(outgoing);
    this.#admitted(outgoing);
  }

  #wait(outgoing: Outgoing<T>): void {
    try {
      this.#admission.wait(outgoing);
    } catch (error) {
      this.#abandon(outgoing);
      throw error;
    }
    outgoing.stage = 'waiting';
    this.#track(outgoing);
    this.#deadlineAlarm.ringBy(outgoing.deadlineAt);
    this.#hurrySoon(); // a full buffer has no time to linger
  }

  /** From now on `outgoing` will be settled. */
  #track(outgoing: Outgoing<T>): void {
    const epoch = this.#epochs.current;
    epoch.unsettled++;
    outgoing.epoch = epoch;
    if (outgoing.signal !== undefined) {
      this.#signals.add(outgoing.signal, outgoing);
    }
    if (this.#accumulator === undefined && !this.#isAsking) {
      this.#ask();
    }
  }

  #ask(): void {
    const { clock, logger } = this.#options;
    this.#isAsking = true;
    const source = { queue: this.#queue, clock, logger, signal: this.#calls.signal };
    void askSizeLimit(source).then((maxBytes) => this.#start(maxBytes));
  }

  #start(maxBytes: number): void {
    const { clock, lingerMs, lingerWhenIdle, maxBatchEntries, maxConcurrency, random } = this.#options;
    const { retryBaseMs, retryThrottledBaseMs, retryMaxMs } = this.#options;
    this.#accumulator = createAccumulator<Outgoing<T>, Sent>({
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
      onSettled: (outgoing, outcome, attempts) => this.#settled(outgoing, outcome, attempts),
    });
    this.#sealing.start(maxBytes, this.#admission.waiting);
  }

  /** It has room in the buffer. */
  #admitted(outgoing: Outgoing<T>): void {
    if (this.#sealing.mustHold(outgoing)) {
      outgoing.stage = 'held';
      this.#sealing.hold(outgoing);
      this.#deadlineAlarm.ringBy(outgoing.deadlineAt);
    } else {
      this.#handOver(outgoing);
    }
  }

  #handOver(outgoing: Outgoing<T>): void {
    const { signal } = outgoing;
    outgoing.stage = 'handed';
    outgoing.ticket = this.#accumulator?.add(outgoing);
    if (signal?.aborted === true) {
      outgoing.ticket?.cancel(abortedError(signal)); // it was aborted by what the call did at once
    }
    if (outgoing.epoch !== this.#epochs.current || this.#admission.waitingMessages > 0) {
      this.#hurrySoon();
    }
  }

  /** Lets what is buffered leave without lingering, once all that arrives in this turn is there. */
  #hurrySoon(): void {
    if (!this.#isHurrying) {
      this.#isHurrying = true;
      queueMicrotask(() => {
        this.#isHurrying = false;
        this.#accumulator?.hurry();
      });
    }
  }

  #call(batch: readonly Outgoing<T>[], signal: AbortSignal): Promise<readonly SendOutcome[]> {
    let bytes = 0;
    let retried = 0;
    for (const outgoing of batch) {
      bytes += outgoing.bytes;
      retried += outgoing.hasLeft ? 1 : 0;
      outgoing.hasLeft = true;
    }
    this.#books.called(batch.length, bytes, retried);
    return this.#queue.sendBatch(
      batch.map((outgoing) => outgoing.wire),
      { signal },
    );
  }

  #settled(outgoing: Outgoing<T>, outcome: SendOutcome, attempts: number): void {
    if (!outcome.ok) {
      this.#fail(outgoing, outcome.error);
      return;
    }
    const { messageId, sequenceNumber } = outcome;
    outgoing.resolve({ id: outgoing.id, messageId, sequenceNumber, queueUrl: this.#queue.url, attempts });
    this.#books.succeeded();
    this.#forget(outgoing);
  }

  #cancel(outgoing: Outgoing<T>, error: QueueError): void {
    if (outgoing.stage === 'handed') {
      outgoing.ticket?.cancel(error);
    } else {
      this.#fail(outgoing, error);
    }
  }

  #fail(outgoing: Outgoing<T>, error: QueueError): void {
    if (outgoing.stage === 'settled') {
      return;
    }
    const { message, id, sealed } = outgoing;
    this.#books.failed();
    this.#undelivered?.push({ message, id, error });
    if (sealed !== undefined && error.outcome === 'rejected') {
      void this.#discard(sealed);
    }
    this.#forget(outgoing);
    outgoing.reject(error);
  }

  /** Gives up the place of a message that is settled. */
  #forget(outgoing: Outgoing<T>): void {
    const { stage, epoch, signal } = outgoing;
    outgoing.stage = 'settled';
    if (stage === 'waiting') {
      this.#admission.leave(outgoing);
    } else if (stage !== 'new') {
      if (stage === 'held') {
        this.#sealing.remove(outgoing);
      }
      this.#admission.release(outgoing);
    }
    if (signal !== undefined) {
      this.#signals.delete(signal, outgoing);
    }
    if (this.#books.measures) {
      this.#books.settledAfter(this.#options.clock.monotonic() - outgoing.startedAt);
    }
    this.#restIfNoneWait();
    if (epoch !== undefined) {
      this.#epochs.settle(epoch);
    }
  }

  /** Drops a message that was prepared but not taken in. */
  #abandon(outgoing: Outgoing<T>): void {
    outgoing.stage = 'settled';
    if (outgoing.sealed !== undefined) {
      void this.#discard(outgoing.sealed);
    }
  }

  async #discard(sealed: Sealed): Promise<void> {
    try {
      await sealed.discard?.();
    } catch (reason) {
      this.#options.logger.warn('what the envelope left elsewhere could not be removed', { reason });
    }
  }

  #resize(outgoing: Outgoing<T>, bytes: number): void {
    const difference = bytes - outgoing.bytes;
    outgoing.bytes = bytes;
    if (outgoing.stage === 'waiting') {
      this.#admission.resizeWaiting(difference);
    } else if (outgoing.stage === 'held') {
      this.#admission.resizeBuffered(difference);
    }
  }

  #sweepDeadlines(): void {
    const now = this.#options.clock.monotonic();
    // Newest first, so that none moves up into the place of another just to be given up there.
    for (const outgoing of [...this.#sealing.held(), ...this.#admission.waiting].toReversed()) {
      if (outgoing.deadlineAt <= now) {
        const message = 'gave up at the deadline, before the first attempt';
        this.#fail(outgoing, new QueueError('deadline-exceeded', message, { attempts: 0 }));
      } else {
        this.#deadlineAlarm.ringBy(Math.max(outgoing.deadlineAt, now + sweepPauseMs));
      }
    }
  }

  #restIfNoneWait(): void {
    if (this.#admission.waitingMessages === 0 && this.#sealing.isEmpty) {
      this.#deadlineAlarm.clear();
    }
  }

  async #shutDown(timeoutMs: number, undelivered: readonly Undelivered<T>[]): Promise<CloseReport<T>> {
    const drained = this.flush();
    await Promise.race([drained, this.#timesOut(timeoutMs, drained)]);
    this.#giveUp();
    await drained;
    return { sent: this.#books.sent, undelivered };
  }

  /** Resolves after so long, or sets no timer any more once `drained`. */
  #timesOut(timeoutMs: number, drained: Promise<void>): Promise<void> {
    return new Promise((resolve) => {
      const timer = this.#options.clock.setTimer(resolve, timeoutMs, { keepAlive: true });
      void drained.then(() => timer.cancel());
    });
  }

  /** Settles all that is left, and ends the calls under way. */
  #giveUp(): void {
    for (const outgoing of this.#admission.takeWaiting()) {
      outgoing.stage = 'new'; // it is in no list any more
      this.#fail(outgoing, closedError());
    }
    for (const outgoing of this.#sealing.held().toReversed()) {
      this.#fail(outgoing, closedError());
    }
    this.#accumulator?.cancelAll(closedError);
    this.#calls.abort(closedError());
  }
}

/** Above any client's own time-out for a request, whose error says more: for calls that never answer at all. */
const callTimeoutMs = 30_000;

/**
 * A call under way at a message's deadline has this much longer to be answered. Without an answer the message may or may
 * not have been accepted: it could be neither repeated nor sent to another region without the risk of a duplicate.
 */
const answerGraceMs = 1_000;

function closedError(): QueueError<'closed'> {
  const message = 'the producer was closed before the queue had accepted the message';
  return new QueueError('closed', message, { what: 'producer' }, { retryable: true });
}
