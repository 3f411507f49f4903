import {
  abortedError,
  type CloseOptions,
  type CloseReport,
  type OutgoingMessage,
  type Queue,
  QueueError,
  type SendOptions,
  type SendOutcome,
  type SendReceipt,
  type Sent,
  type Undelivered,
} from '@sqskit/core';
import { deadlineError } from '@sqskit/core/accumulator';
import { type Alarm, createAlarm, sweepPauseMs } from '@sqskit/core/alarm';
import { callGuarded } from '@sqskit/core/callbacks';
import { assertKnownOptions, invalidOption } from '@sqskit/core/options';
import { Admission } from './admission.ts';
import { Books, type ProducerStats } from './books.ts';
import { askForCollection } from './collection.ts';
import { answerGraceMs, Delivery } from './delivery.ts';
import { Epochs } from './epochs.ts';
import { Intake } from './intake.ts';
import type { Leftover, Outgoing } from './outgoing.ts';
import { Pack } from './pack.ts';
import type { Packaging, PackagingHooks, Parcel } from './packaging.ts';
import { Packing } from './packing.ts';
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
  readonly #packaging: Packaging<T>;
  readonly #delivery: Delivery<T>;

  readonly #books: Books;
  readonly #epochs = new Epochs();
  readonly #signals: SignalGroups<Outgoing<T>>;
  /** For messages that are not in the accumulator by themselves: it watches the deadlines of what it is given. */
  readonly #deadlineAlarm: Alarm;
  #isAsking = false;
  #isHurrying = false;

  /** What was not delivered since `close` was called. */
  #undelivered: Undelivered<T>[] | undefined;
  #closing: Promise<CloseReport<T>> | undefined;

  constructor(queue: Queue, fifo: boolean, queueName: string, options: ResolvedProducerOptions) {
    const { clock, maxMessageBytes, recorder } = options;
    this.#queue = queue;
    this.#options = options;
    this.#intake = new Intake(options, fifo);
    this.#admission = new Admission(options, (outgoing) => this.#admitted(outgoing), askForCollection);
    this.#books = new Books(this.#admission, recorder, queueName, fifo);
    this.#delivery = new Delivery(queue, options, this.#books, {
      settled: (parcel, outcome, attempts) => this.#settled(parcel, outcome, attempts),
      answered: () => this.#packaging.answered(),
    });
    this.#packaging = this.#createPackaging(fifo);
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
    this.#hurry();
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
    return this.#books.stats(this.#delivery.state);
  }

  pausedGroups(): readonly string[] {
    return this.#delivery.pausedGroups();
  }

  resumeGroup(groupId?: string): void {
    this.#delivery.resumeGroup(groupId);
  }

  #assertOpen(): void {
    if (this.#undelivered !== undefined) {
      throw new QueueError('closed', 'the producer is closed', { what: 'producer' });
    }
  }

  #createPackaging(fifo: boolean): Packaging<T> {
    const { envelope } = this.#options;
    const hooks: PackagingHooks<T> = {
      resize: (outgoing, bytes) => this.#resize(outgoing, bytes),
      held: (outgoing) => this.#deadlineAlarm.ringBy(outgoing.deadlineAt),
      handOver: (parcel) => this.#handOver(parcel),
      fail: (outgoing, error) => this.#fail(outgoing, error),
      discard: (sealed) => void this.#discard(sealed),
    };
    return envelope.maxItems > 1
      ? new Packing({ ...this.#options, fifo, idPrefix: this.#intake.idPrefix }, this.#delivery, hooks)
      : new Sealing(envelope, hooks);
  }

  /** Seals the message too, where that is done alone and can be done at once. Throws what is wrong with it. */
  #prepare(message: OutgoingMessage<T>, options: SendOptions | undefined): Outgoing<T> {
    const outgoing = this.#intake.take(message, options);
    this.#packaging.prepare(outgoing);
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
    if (!this.#delivery.isStarted && !this.#isAsking) {
      this.#ask();
    }
  }

  #ask(): void {
    const { clock, logger } = this.#options;
    this.#isAsking = true;
    const source = { queue: this.#queue, clock, logger, signal: this.#delivery.signal };
    void askSizeLimit(source).then((maxBytes) => this.#start(maxBytes));
  }

  #start(maxBytes: number): void {
    this.#delivery.start(maxBytes);
    this.#packaging.start(maxBytes, this.#admission.waiting());
  }

  /** It has room in the buffer. */
  #admitted(outgoing: Outgoing<T>): void {
    this.#packaging.take(outgoing);
    this.#hurryIfAwaited(outgoing);
  }

  /** Nothing lingers that a flush waits for, or others for its room. */
  #hurryIfAwaited({ epoch }: Outgoing<T>): void {
    if (epoch !== this.#epochs.current || this.#admission.waitingMessages > 0) {
      this.#hurrySoon();
    }
  }

  #handOver(parcel: Parcel<T>): void {
    if (parcel instanceof Pack) {
      parcel.ticket = this.#delivery.add(parcel);
      for (const outgoing of parcel.members) {
        this.#cancelIfAborted(outgoing);
      }
      this.#hurryIfAwaited(parcel.members[0]);
    } else {
      parcel.stage = 'handed';
      parcel.ticket = this.#delivery.add(parcel);
      this.#cancelIfAborted(parcel);
      this.#hurryIfAwaited(parcel);
    }
  }

  /** It was aborted by what the call did at once. */
  #cancelIfAborted(outgoing: Outgoing<T>): void {
    const { signal } = outgoing;
    if (signal?.aborted === true && outgoing.stage === 'handed') {
      this.#packaging.withdraw(outgoing, abortedError(signal));
    }
  }

  /** Lets what is buffered leave without lingering, once all that arrives in this turn is there. */
  #hurrySoon(): void {
    if (!this.#isHurrying) {
      this.#isHurrying = true;
      queueMicrotask(() => {
        this.#isHurrying = false;
        this.#hurry();
      });
    }
  }

  #hurry(): void {
    this.#packaging.hurry();
    this.#delivery.hurry();
  }

  #settled(parcel: Parcel<T>, outcome: SendOutcome, attempts: number): void {
    if (parcel instanceof Pack) {
      this.#packSettled(parcel, outcome, attempts);
    } else if (outcome.ok) {
      this.#books.succeeded(1);
      this.#accepted(parcel, outcome, attempts);
      this.#admission.release(1, parcel.bytes);
      this.#freed();
    } else {
      this.#fail(parcel, outcome.error);
    }
  }

  #packSettled(pack: Pack<T>, outcome: SendOutcome, attempts: number): void {
    if (outcome.ok) {
      this.#books.succeeded(pack.unsettled);
      let [messages, bytes] = [0, 0];
      for (const outgoing of pack.members) {
        if (outgoing.stage !== 'settled') {
          messages++;
          bytes += outgoing.bytes;
          this.#accepted(outgoing, outcome, attempts + outgoing.earlierAttempts);
        }
      }
      this.#admission.release(messages, bytes);
    } else if (!pack.isDissolved) {
      for (const outgoing of pack.members) {
        this.#fail(outgoing, outcome.error);
      }
      if (outcome.error.outcome === 'rejected') {
        void this.#discard(pack.sealed);
      }
    }
    this.#packaging.settled(pack);
    this.#freed();
  }

  /** Its room in the buffer is for the caller to release. */
  #accepted(outgoing: Outgoing<T>, { messageId, sequenceNumber }: Sent, attempts: number): void {
    const { id } = outgoing;
    outgoing.resolve({ id, messageId, sequenceNumber, queueUrl: this.#queue.url, attempts });
    this.#forget(outgoing);
  }

  #cancel(outgoing: Outgoing<T>, error: QueueError): void {
    if (outgoing.stage === 'handed') {
      this.#packaging.withdraw(outgoing, error);
    } else {
      this.#fail(outgoing, error);
    }
  }

  #fail(outgoing: Outgoing<T>, error: QueueError): void {
    if (outgoing.stage === 'settled') {
      return;
    }
    const { message, id, sealed } = outgoing;
    this.#pauseAfter(outgoing, error); // before its place is free for the next of its group
    this.#books.failed();
    this.#undelivered?.push({ message, id, error });
    this.#tellUndelivered({ message, id, error });
    if (sealed !== undefined && error.outcome === 'rejected') {
      void this.#discard(sealed);
    }
    this.#giveRoom(outgoing);
    this.#forget(outgoing);
    this.#freed();
    outgoing.reject(error);
  }

  #tellUndelivered(undelivered: Undelivered<T>): void {
    const { onUndelivered, logger } = this.#options;
    if (onUndelivered !== undefined) {
      callGuarded(
        () => onUndelivered(undelivered),
        (reason) => logger.error('onUndelivered failed', { reason }),
      );
    }
  }

  #pauseAfter({ lane }: Outgoing<T>, { code }: QueueError): void {
    const isCancelled = code === 'aborted' || code === 'closed';
    if (this.#options.afterGroupFailure === 'pause' && lane !== undefined && !isCancelled) {
      this.#delivery.pauseGroup(lane);
    }
  }

  /** Gives up the place of a message that failed, wherever it is. */
  #giveRoom(outgoing: Outgoing<T>): void {
    const { stage } = outgoing;
    outgoing.stage = 'settled';
    switch (stage) {
      case 'new':
        break;
      case 'waiting':
        this.#admission.leave(outgoing);
        break;
      case 'held':
        this.#packaging.remove(outgoing);
        this.#admission.release(1, outgoing.bytes);
        break;
      default:
        this.#admission.release(1, outgoing.bytes);
    }
  }

  /** Nothing is to be done for it any more. */
  #forget(outgoing: Outgoing<T>): void {
    const { epoch, signal } = outgoing;
    outgoing.stage = 'settled';
    if (signal !== undefined) {
      this.#signals.delete(signal, outgoing);
    }
    if (this.#books.measures) {
      this.#books.settledAfter(this.#options.clock.monotonic() - outgoing.startedAt);
    }
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

  async #discard(sealed: Leftover): Promise<void> {
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
    for (const outgoing of [...this.#packaging.held(), ...this.#admission.waiting()].toReversed()) {
      this.#giveUpAt(outgoing, outgoing.deadlineAt, now);
    }
    for (const outgoing of this.#packaging.handed()) {
      const isUnderWay = outgoing.pack?.ticket?.isUnderWay === true;
      this.#giveUpAt(outgoing, outgoing.deadlineAt + (isUnderWay ? answerGraceMs : 0), now);
    }
  }

  /** Gives it up if it is time, or sets the alarm. */
  #giveUpAt(outgoing: Outgoing<T>, at: number, now: number): void {
    const { earlierAttempts, pack } = outgoing;
    if (outgoing.stage === 'settled') {
      return;
    }
    if (at > now) {
      this.#deadlineAlarm.ringBy(Math.max(at, now + sweepPauseMs));
      return;
    }
    const { attempts = 0, lastError, history } = pack?.ticket ?? {};
    const tried = { attempts: earlierAttempts + attempts, lastError, history };
    this.#cancel(outgoing, deadlineError(tried));
  }

  /** There is less to hold in memory. */
  #freed(): void {
    this.#books.recordMemory();
    const { bufferedMessages, waitingMessages } = this.#admission;
    // A seal that takes its time may go on although its messages are settled.
    if (waitingMessages === 0 && (bufferedMessages === 0 || this.#packaging.isEmpty)) {
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
    for (const outgoing of this.#packaging.held().toReversed()) {
      this.#fail(outgoing, closedError());
    }
    this.#delivery.end(closedError);
  }
}

function closedError(): QueueError<'closed'> {
  const message = 'the producer was closed before the queue had accepted the message';
  return new QueueError('closed', message, { what: 'producer' }, { retryable: true });
}
