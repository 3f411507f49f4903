import { billedUnits, type Recorder, sqsPrices } from '@sqskit/core';
import type { FlushReason } from '@sqskit/core/accumulator';
import { createInstruments, type Instruments } from './instruments.ts';

/** Counts since the producer was made, and what is in it now. */
export interface ProducerStats {
  /** Messages taken in and not settled yet, and their bytes in memory: of their content, and 1,024 for each. */
  readonly bufferedMessages: number;
  readonly bufferedBytes: number;
  /** Messages for which `send` waits because the buffer is full, and their bytes in memory. */
  readonly waitingMessages: number;
  readonly waitingBytes: number;
  readonly batchesInFlight: number;
  /** Most batches that may be in flight now. */
  readonly concurrencyLimit: number;
  /** Groups that wait for `resumeGroup`. */
  readonly pausedGroups: number;
  /** Messages that the queue accepted. */
  readonly sent: number;
  /** SQS messages that they were: fewer, where the envelope packs. */
  readonly packs: number;
  /** Messages per SQS message; 0 before the first. */
  readonly meanPack: number;
  /** Messages that were taken in or waited, and then failed. One that was refused at the door is not counted. */
  readonly failed: number;
  /** Batch calls made. */
  readonly batches: number;
  /**
   * How many of them left for which reason: `full`, by entries or bytes; `retried`, with an entry that was sent again;
   * `hurried`, by a flush, a full buffer or a pack that was due; `idle`, with nothing in flight; `lingered`.
   */
  readonly flushes: Readonly<Record<FlushReason, number>>;
  /** Entries of all of them. */
  readonly attempts: number;
  /** Entries, which are SQS messages, per batch; 0 before the first. */
  readonly meanFill: number;
  /** Entries that were sent again. */
  readonly retriedEntries: number;
  /** Entries that were sent again after later ones of their group had been accepted: where `order` is `throughput`. */
  readonly overtakenEntries: number;
  /** What SQS bills for the calls made: one request for each 64 KiB begun of a batch. */
  readonly billedRequests: number;
  /** What a million accepted messages cost so, in US dollars by list price; 0 before the first. */
  readonly dollarsPerMillion: number;
}

/** What the batches are at now. */
export type DeliveryState = Pick<
  ProducerStats,
  'batchesInFlight' | 'concurrencyLimit' | 'flushes' | 'pausedGroups'
>;

/** What is in memory now. */
export type Memory = Pick<
  ProducerStats,
  'bufferedMessages' | 'bufferedBytes' | 'waitingMessages' | 'waitingBytes'
>;

/** Counts what happens to messages, and records it where something listens. */
export class Books {
  readonly #memory: Memory;
  readonly #instruments: Instruments | undefined;
  readonly #price: number;
  #sent = 0;
  #packs = 0;
  #failed = 0;
  #batches = 0;
  #entries = 0;
  #retriedEntries = 0;
  #overtakenEntries = 0;
  #billedRequests = 0;

  constructor(memory: Memory, recorder: Recorder, queueName: string, fifo: boolean) {
    this.#memory = memory;
    this.#price = fifo ? sqsPrices.fifo : sqsPrices.standard;
    this.#instruments = createInstruments(recorder, { QueueName: queueName });
  }

  get sent(): number {
    return this.#sent;
  }

  /** Whether durations are recorded, and so need to be measured. */
  get measures(): boolean {
    return this.#instruments !== undefined;
  }

  called(entries: number, bytes: number, retried: number, concurrencyLimit: number): void {
    const billed = billedUnits(bytes);
    this.#batches++;
    this.#entries += entries;
    this.#retriedEntries += retried;
    this.#billedRequests += billed;
    const instruments = this.#instruments;
    if (instruments !== undefined) {
      instruments.batchFill.record(entries);
      instruments.billedRequests.add(billed);
      instruments.entriesRetried.add(retried);
      instruments.concurrencyLimit.set(concurrencyLimit);
      this.recordMemory();
    }
  }

  overtaken(): void {
    this.#overtakenEntries++;
    this.#instruments?.entriesOvertaken.add(1);
  }

  /** The queue accepted an SQS message with so many in it for which someone waits. */
  succeeded(messages: number): void {
    this.#sent += messages;
    this.#packs++;
    const instruments = this.#instruments;
    if (instruments !== undefined) {
      instruments.messagesSent.add(messages);
      instruments.packFill.record(messages);
    }
  }

  failed(): void {
    this.#failed++;
    this.#instruments?.messagesFailed.add(1);
  }

  settledAfter(durationMs: number): void {
    this.#instruments?.sendDuration.record(durationMs);
  }

  recordMemory(): void {
    const instruments = this.#instruments;
    if (instruments !== undefined) {
      const { bufferedMessages, bufferedBytes, waitingMessages } = this.#memory;
      instruments.bufferedMessages.set(bufferedMessages);
      instruments.bufferedBytes.set(bufferedBytes);
      instruments.waitingMessages.set(waitingMessages);
    }
  }

  stats(delivery: DeliveryState): ProducerStats {
    const { bufferedMessages, bufferedBytes, waitingMessages, waitingBytes } = this.#memory;
    return {
      bufferedMessages,
      bufferedBytes,
      waitingMessages,
      waitingBytes,
      ...delivery,
      sent: this.#sent,
      packs: this.#packs,
      meanPack: this.#packs === 0 ? 0 : this.#sent / this.#packs,
      failed: this.#failed,
      batches: this.#batches,
      attempts: this.#entries,
      meanFill: this.#batches === 0 ? 0 : this.#entries / this.#batches,
      retriedEntries: this.#retriedEntries,
      overtakenEntries: this.#overtakenEntries,
      billedRequests: this.#billedRequests,
      dollarsPerMillion: this.#sent === 0 ? 0 : (this.#billedRequests / this.#sent) * this.#price,
    };
  }
}
