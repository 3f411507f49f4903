import {
  abortedError,
  type CloseOptions,
  type CloseReport,
  type Codec,
  type Content,
  type OutgoingMessage,
  type Queue,
  QueueError,
  type Sealed,
  type Sender,
  type SendOptions,
  type SendOutcome,
  type SendReceipt,
  type Sent,
  sqsLimits,
  type Undelivered,
} from '@sqskit/core';
import { type Accumulator, createAccumulator } from '@sqskit/core/accumulator';
import { type Alarm, createAlarm } from '@sqskit/core/alarm';
import { resolveOptions, show } from '@sqskit/core/options';
import { parseQueueUrl } from '@sqskit/core/queue-url';
import { exponentialBackoff, type Random } from '@sqskit/core/retry';
import { Admission } from './admission.ts';
import { Epochs } from './epochs.ts';
import { createInstruments, type Instruments } from './instruments.ts';
import { checkId, checkMessage } from './message-rules.ts';
import { Outgoing } from './outgoing.ts';
import {
  maxFifoDeadlineMs,
  type ProducerOptions,
  producerOptionRules,
  type ResolvedProducerOptions,
} from './producer-options.ts';
import { Sealing } from './sealing.ts';
import { SignalGroups } from './signal-groups.ts';
import { askSizeLimit } from './size-limit.ts';

/** A `Sender` of one queue. */
export interface Producer<T> extends Sender<T> {
  stats(): ProducerStats;
}

/** Counts since the producer was made, and what is in it now. */
export interface ProducerStats {
  /** Messages taken in and not settled yet, and their bytes. */
  readonly bufferedMessages: number;
  readonly bufferedBytes: number;
  /** Messages for which `send` waits because the buffer is full, and their bytes. */
  readonly waitingMessages: number;
  readonly waitingBytes: number;
  readonly batchesInFlight: number;
  /** Messages that the queue accepted. */
  readonly sent: number;
  /** Messages that were taken in or waited, and then failed. One that was refused at the door is not counted. */
  readonly failed: number;
  /** Batch calls made. */
  readonly batches: number;
  /** Entries per batch; 0 before the first. */
  readonly meanFill: number;
  /** Entries that were sent again. */
  readonly retriedEntries: number;
  /** What SQS bills for the calls made: one request for each 64 KiB begun of a batch. */
  readonly billedRequests: number;
}

/**
 * A producer for one queue. Single messages are gathered into batches; batches go out in parallel; entries that failed
 * are tried again alone, until the message's deadline. Throws `option-invalid` and `queue-url-invalid`.
 */
export function createProducer<T>(queue: Queue, options?: ProducerOptions<T>): Producer<T> {
  if (typeof queue?.sendBatch !== 'function') {
    throw optionError('queue', queue, 'a Queue, such as createSqsQueue(client, queueUrl) makes');
  }
  const { fifo, name } = parseQueueUrl(queue.url);
  const resolved = resolveOptions('createProducer', producerOptionRules, options);
  if (options?.deadlineMs !== undefined) {
    checkDeadline(resolved.deadlineMs, fifo);
  }
  if (resolved.idPrefix !== undefined) {
    checkPrefix(resolved.idPrefix);
  }
  return new BatchingProducer(queue, fifo, name, resolved);
}

class BatchingProducer<T> implements Producer<T> {
  readonly #queue: Queue;
  readonly #fifo: boolean;
  readonly #options: ResolvedProducerOptions;
  readonly #instruments: Instruments | undefined;

  readonly #idPrefix: string;
  #lastNumber = 0;

  // A message goes from the one to the next: room in memory, sealing and its turn in its lane, batches.
  readonly #admission: Admission<Outgoing<T>>;
  readonly #sealing: Sealing<T>;
  #accumulator: Accumulator<Outgoing<T>> | undefined;

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

  #sent = 0;
  #failed = 0;
  #batches = 0;
  #entries = 0;
  #retriedEntries = 0;
  #billedRequests = 0;

  constructor(queue: Queue, fifo: boolean, queueName: string, options: ResolvedProducerOptions) {
    const { clock, envelope, idPrefix, maxMessageBytes, random, recorder } = options;
    this.#queue = queue;
    this.#fifo = fifo;
    this.#options = options;
    this.#instruments = createInstruments(recorder, { QueueName: queueName });
    this.#idPrefix = `${idPrefix === undefined ? '' : `${idPrefix}-`}${randomText(random)}-`;
    this.#admission = new Admission(options, (outgoing) => this.#admitted(outgoing));
    this.#sealing = new Sealing(envelope, {
      resize: (outgoing, bytes) => this.#resize(outgoing, bytes),
      handOver: (outgoing) => this.#handOver(outgoing),
      fail: (outgoing, error) => this.#fail(outgoing, error),
      discard: (sealed) => this.#discard(sealed),
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
    const timeoutMs = options?.timeoutMs ?? this.#options.deadlineMs;
    if (!(typeof timeoutMs === 'number' && timeoutMs >= 0)) {
      return Promise.reject(optionError('timeoutMs', timeoutMs, 'a number of milliseconds from 0'));
    }
    this.#undelivered ??= [];
    this.#closing ??= this.#shutDown(timeoutMs, this.#undelivered);
    return this.#closing;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  stats(): ProducerStats {
    const { bufferedMessages, bufferedBytes, waitingMessages, waitingBytes } = this.#admission;
    return {
      bufferedMessages,
      bufferedBytes,
      waitingMessages,
      waitingBytes,
      batchesInFlight: this.#accumulator?.inFlight ?? 0,
      sent: this.#sent,
      failed: this.#failed,
      batches: this.#batches,
      meanFill: this.#batches === 0 ? 0 : this.#entries / this.#batches,
      retriedEntries: this.#retriedEntries,
      billedRequests: this.#billedRequests,
    };
  }

  #assertOpen(): void {
    if (this.#undelivered !== undefined) {
      throw new QueueError('closed', 'the producer is closed', { what: 'producer' });
    }
  }

  /** Checks, encodes and, where it can be done at once, seals. Throws what is wrong with the message. */
  #prepare(message: OutgoingMessage<T>, options: SendOptions | undefined): Outgoing<T> {
    const { clock, codec } = this.#options;
    checkMessage(message, this.#fifo);
    const signal = options?.signal;
    if (signal?.aborted === true) {
      throw abortedError(signal);
    }
    const { body, groupId, delayMs, traceHeader } = message;
    const id = message.id ?? this.#idPrefix + ++this.#lastNumber;
    const deduplicationId = this.#deduplicationId(message, id);
    const content = encode(codec, body);
    const wire = { body: '', attributes: undefined, groupId, deduplicationId, delayMs, traceHeader };
    const startedAt = clock.monotonic();
    const deadlineAt = startedAt + this.#deadlineMs(options?.deadlineMs);
    const lane = this.#fifo ? groupId : undefined;
    const outgoing = new Outgoing(message, id, content, wire, lane, startedAt, deadlineAt, signal);
    this.#sealing.begin(outgoing);
    return outgoing;
  }

  #deduplicationId(message: OutgoingMessage<T>, id: string): string | undefined {
    if (!this.#fifo || message.deduplicationId !== undefined || this.#options.deduplication === 'content') {
      return message.deduplicationId;
    }
    if (message.id !== undefined) {
      checkId('id', message.id);
    }
    return id;
  }

  #deadlineMs(deadlineMs: number | undefined): number {
    if (deadlineMs === undefined) {
      return this.#options.deadlineMs;
    }
    checkDeadline(deadlineMs, this.#fifo);
    return deadlineMs;
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
      backoff: exponentialBackoff({
        baseMs: retryBaseMs,
        throttledBaseMs: retryThrottledBaseMs,
        maxMs: retryMaxMs,
        random,
      }),
      call: (batch) => this.#call(batch),
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

  #call(batch: readonly Outgoing<T>[]): Promise<readonly SendOutcome[]> {
    let bytes = 0;
    let retried = 0;
    for (const outgoing of batch) {
      bytes += outgoing.bytes;
      retried += outgoing.hasLeft ? 1 : 0;
      outgoing.hasLeft = true;
    }
    const billed = Math.max(1, Math.ceil(bytes / sqsLimits.billedUnitBytes));
    this.#batches++;
    this.#entries += batch.length;
    this.#retriedEntries += retried;
    this.#billedRequests += billed;
    const instruments = this.#instruments;
    if (instruments !== undefined) {
      instruments.batchFill.record(batch.length);
      instruments.billedRequests.add(billed);
      instruments.entriesRetried.add(retried);
      this.#recordMemory(instruments);
    }
    return this.#queue.sendBatch(
      batch.map((outgoing) => outgoing.wire),
      { signal: this.#calls.signal },
    );
  }

  #recordMemory(instruments: Instruments): void {
    const { bufferedMessages, bufferedBytes, waitingMessages } = this.#admission;
    instruments.bufferedMessages.set(bufferedMessages);
    instruments.bufferedBytes.set(bufferedBytes);
    instruments.waitingMessages.set(waitingMessages);
  }

  #settled(outgoing: Outgoing<T>, outcome: SendOutcome, attempts: number): void {
    if (!outcome.ok) {
      this.#fail(outgoing, outcome.error);
      return;
    }
    const { messageId, sequenceNumber } = outcome;
    this.#sent++;
    this.#instruments?.messagesSent.add(1);
    this.#forget(outgoing);
    outgoing.resolve({ id: outgoing.id, messageId, sequenceNumber, queueUrl: this.#queue.url, attempts });
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
    this.#failed++;
    this.#instruments?.messagesFailed.add(1);
    this.#undelivered?.push({ message, id, error });
    if (sealed !== undefined && error.outcome === 'rejected') {
      this.#discard(sealed);
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
    const instruments = this.#instruments;
    if (instruments !== undefined) {
      instruments.sendDuration.record(this.#options.clock.monotonic() - outgoing.startedAt);
      this.#recordMemory(instruments);
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
      this.#discard(outgoing.sealed);
    }
  }

  #discard(sealed: Sealed): void {
    if (sealed.discard !== undefined) {
      sealed.discard().catch((reason: unknown) => {
        this.#options.logger.warn('what the envelope left elsewhere could not be removed', { reason });
      });
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
        this.#deadlineAlarm.ringBy(outgoing.deadlineAt);
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
    return { sent: this.#sent, undelivered };
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

function closedError(): QueueError<'closed'> {
  const message = 'the producer was closed before the queue had accepted the message';
  return new QueueError('closed', message, { what: 'producer' }, { retryable: true });
}

function encode(codec: Codec<unknown>, body: unknown): Content {
  try {
    return codec.encode(body);
  } catch (cause) {
    throw new QueueError('encode-failed', 'the codec could not encode the body', {}, { cause });
  }
}

function optionError(option: string, received: unknown, expected: string): QueueError<'option-invalid'> {
  const message = `expected \`${option}\` to be ${expected}, received ${show(received)}`;
  return new QueueError('option-invalid', message, { option, received, expected });
}

function checkDeadline(deadlineMs: number, fifo: boolean): void {
  const maxMs = fifo ? maxFifoDeadlineMs : sqsLimits.maxVisibilityTimeoutMs;
  if (!(typeof deadlineMs === 'number' && deadlineMs > 0 && deadlineMs <= maxMs)) {
    const queue = fifo ? ', because SQS forgets a deduplication id after 5 minutes' : '';
    throw optionError('deadlineMs', deadlineMs, `above 0 and up to ${maxMs} ms${queue}`);
  }
}

function checkPrefix(idPrefix: string): void {
  if (!/^[!-~]+$/.test(idPrefix)) {
    throw optionError('idPrefix', idPrefix, 'ASCII letters, digits and punctuation marks');
  }
}

const randomLength = 16;

/**
 * 82 bits. With the ids of another producer, or of this one before the process was started again, a FIFO queue would
 * drop messages as duplicates.
 */
function randomText(random: Random): string {
  return Array.from({ length: randomLength }, () => Math.floor(random() * 36).toString(36)).join('');
}
