import {
  type CallOptions,
  type Failure,
  isQueueError,
  type Queue,
  type QueueDepth,
  type QueueDescription,
  QueueError,
  type ReceivedMessage,
  type ReceiveRequest,
  type SendEntry,
  type SendOutcome,
  type Sent,
  type Settled,
  type SettleOutcome,
  sqsLimits,
  type VisibilityChange,
} from '@sqskit/core';
import { parseQueueUrl } from '@sqskit/core/queue-url';
import type { FaultCounts } from '../faults/fault.ts';
import { callError, changeOutcome, deleteOutcome, md5Mismatch, refused } from './answers.ts';
import { assertBatchFits, assertEntries, assertReceivable } from './call-rules.ts';
import type { FakeCall } from './fake-call.ts';
import { type FakeQueueOptions, type FakeQueueSettings, resolveFakeQueue } from './fake-queue-options.ts';
import { MessageStore, type StoreOptions, wholeSeconds } from './message-store.ts';
import { createRoundTrips, type EntryFaults, type RoundTrips } from './round-trip.ts';
import { refusalOf } from './send-rules.ts';
import type { FakeMessage, MessageRecord } from './stored-message.ts';
import { createWaitingLine, type WaitingLine } from './waiting-line.ts';

/**
 * A queue in memory that keeps SQS's rules, with books of everything that happened to it.
 *
 * A message is accepted when it was sent and is no duplicate, or when it came from a queue whose dead-letter queue this
 * is. Every accepted message is in exactly one of `messages()`, `deleted` and `deadLettered`, unless a `duplicate` fault
 * brought a deleted one back.
 */
export interface FakeQueue extends Queue {
  /** Every call that was made, oldest first. One refused as the caller's mistake, or aborted before it began, was not. */
  readonly calls: readonly FakeCall[];
  /** Every message that the queue holds now, in the order of acceptance. */
  messages(): readonly FakeMessage[];
  /** Every message ever accepted, in the order of acceptance. */
  readonly accepted: readonly MessageRecord[];
  /** Every message ever deleted, in the order of deletion. */
  readonly deleted: readonly MessageRecord[];
  /** Every message that was moved to the dead-letter queue, in that order. */
  readonly deadLettered: readonly MessageRecord[];
  /** How often each fault of the plan has taken place. */
  readonly injectedFaults: FaultCounts;
  /** Deletes every message that the queue holds, those in flight as well, at once and without a call. */
  purge(): void;
}

/** Makes an empty queue. Throws `option-invalid` and `queue-url-invalid`. */
export function createFakeQueue(options: FakeQueueOptions = {}): FakeQueue {
  return new InMemoryQueue(resolveFakeQueue(options));
}

/** What other parts of this package see of a queue. */
export interface QueueInside {
  readonly settings: FakeQueueSettings;
  readonly store: MessageStore;
}

const insides = new WeakMap<FakeQueue, QueueInside>();

/** The inside of a queue that `createFakeQueue` made; throws `option-invalid` for anything round one. */
export function insideOf(queue: FakeQueue): QueueInside {
  const inside = insides.get(queue);
  if (inside === undefined) {
    const expected = 'a queue made by createFakeQueue itself, not a layer round one';
    throw new QueueError(
      'option-invalid',
      `createFakeQueue: expected \`deadLetterQueue\` to be ${expected}`,
      { option: 'deadLetterQueue', received: queue, expected },
    );
  }
  return inside;
}

class InMemoryQueue implements FakeQueue {
  readonly url: string;
  readonly #settings: FakeQueueSettings;
  readonly #store: MessageStore;
  readonly #line: WaitingLine;
  readonly #trips: RoundTrips;

  constructor(settings: FakeQueueSettings) {
    this.url = settings.url;
    this.#settings = settings;
    this.#store = new MessageStore({
      ...settings,
      delayMs: wholeSeconds(settings.delayMs),
      redrive: redriveOf(settings),
      onTakenOver: () => this.#line.serve(),
    });
    this.#line = createWaitingLine(settings.clock, this.#store);
    this.#trips = createRoundTrips(settings);
    insides.set(this, { settings, store: this.#store });
  }

  get calls(): readonly FakeCall[] {
    return this.#trips.calls;
  }

  get accepted(): readonly MessageRecord[] {
    return this.#store.accepted;
  }

  get deleted(): readonly MessageRecord[] {
    return this.#store.deleted;
  }

  get deadLettered(): readonly MessageRecord[] {
    return this.#store.deadLettered;
  }

  get injectedFaults(): FaultCounts {
    return this.#trips.injectedFaults;
  }

  messages(): readonly FakeMessage[] {
    return this.#store.messages(this.#now());
  }

  purge(): void {
    this.#store.purge(this.#now());
  }

  async sendBatch(entries: readonly SendEntry[], options?: CallOptions): Promise<readonly SendOutcome[]> {
    const given = [...entries];
    const call: FakeCall = { verb: 'sendBatch', entries: given.length, atMs: this.#now(), given };
    return this.#batch<Sent>(call, options, (faults) => {
      assertBatchFits(given, this.#settings);
      return given.map(
        (entry, position) => failureAt(faults, position) ?? this.#sendOne(entry, faults, position),
      );
    });
  }

  async deleteBatch(
    receiptHandles: readonly string[],
    options?: CallOptions,
  ): Promise<readonly SettleOutcome[]> {
    const given = [...receiptHandles];
    const call: FakeCall = { verb: 'deleteBatch', entries: given.length, atMs: this.#now(), given };
    return this.#batch<Settled>(call, options, (faults) =>
      given.map(
        (handle, position) => failureAt(faults, position) ?? this.#deleteOne(handle, faults, position),
      ),
    );
  }

  async changeVisibilityBatch(
    changes: readonly VisibilityChange[],
    options?: CallOptions,
  ): Promise<readonly SettleOutcome[]> {
    const given = [...changes];
    const call: FakeCall = { verb: 'changeVisibilityBatch', entries: given.length, atMs: this.#now(), given };
    return this.#batch<Settled>(call, options, (faults) =>
      given.map(
        (change, position) => failureAt(faults, position) ?? this.#changeOne(change, faults, position),
      ),
    );
  }

  async receive(request: ReceiveRequest, options: CallOptions = {}): Promise<readonly ReceivedMessage[]> {
    const { signal } = options;
    const call: FakeCall = {
      verb: 'receive',
      entries: request.maxMessages,
      atMs: this.#now(),
      given: { ...request },
    };
    let isTaken = false;
    return this.#trips.make(call, {
      signal,
      outcomeOfAbort: () => (isTaken ? 'unknown' : 'rejected'),
      carryOut: async (faults) => {
        assertReceivable(request);
        if (request.waitTimeMs === 0 && !this.#settings.fifo && this.#store.isFull(this.#now())) {
          throw callError('receive', 'OverLimit', 400, 'Too many messages are in flight.');
        }
        const messages = await this.#line.receive({
          maxMessages: request.maxMessages,
          waitTimeMs: wholeSeconds(request.waitTimeMs),
          visibilityTimeoutMs: wholeSeconds(
            request.visibilityTimeoutMs ?? this.#settings.visibilityTimeoutMs,
          ),
          signal,
        });
        isTaken = messages.length > 0;
        this.#deliverAgain(messages, faults);
        return messages;
      },
    });
  }

  async describe(options: CallOptions = {}): Promise<QueueDescription> {
    return this.#ask('describe', options, () => {
      const { fifo, contentBasedDeduplication, maxMessageBytes, visibilityTimeoutMs } = this.#settings;
      return {
        fifo,
        contentBasedDeduplication,
        maxMessageBytes,
        visibilityTimeoutMs: wholeSeconds(visibilityTimeoutMs),
        redrive: describeRedrive(this.#settings),
      };
    });
  }

  async depth(options: CallOptions = {}): Promise<QueueDepth> {
    return this.#ask('depth', options, () => this.#store.depth(this.#now()));
  }

  #now(): number {
    return this.#settings.clock.monotonic();
  }

  #ask<R>(verb: 'describe' | 'depth', { signal }: CallOptions, carryOut: () => R): Promise<R> {
    const call: FakeCall = { verb, entries: 0, atMs: this.#now(), given: undefined };
    return this.#trips.make(call, { signal, carryOut, outcomeOfAbort: () => 'rejected' });
  }

  /** A call that fails as a whole is the failure of every entry. */
  async #batch<S extends { readonly ok: true }>(
    call: FakeCall,
    options: CallOptions | undefined,
    carryOut: (faults: EntryFaults) => readonly (S | Failure)[],
  ): Promise<readonly (S | Failure)[]> {
    assertEntries(call);
    try {
      return await this.#trips.make(call, {
        signal: options?.signal,
        outcomeOfAbort: () => 'unknown',
        carryOut: (faults) => {
          const outcomes = carryOut(faults);
          this.#line.serve();
          return outcomes;
        },
      });
    } catch (reason) {
      if (!isQueueError(reason)) {
        throw reason;
      }
      return new Array<Failure>(call.entries).fill({ ok: false, error: reason });
    }
  }

  #sendOne(entry: SendEntry, faults: EntryFaults, position: number): SendOutcome {
    const refusal = refusalOf(entry, this.#settings);
    if (refusal !== undefined) {
      return refused('sendBatch', refusal.awsCode, refusal.message);
    }
    const sent = this.#store.send(entry, this.#now(), this.#settings.clock.now());
    return faults.befalls('md5-mismatch', position) ? md5Mismatch() : { ok: true, ...sent };
  }

  #deleteOne(handle: string, faults: EntryFaults, position: number): SettleOutcome {
    const { fifo } = this.#settings;
    if (faults.befalls('stale-handle', position)) {
      return deleteOutcome('stale', fifo);
    }
    if (!fifo && faults.befalls('duplicate', position)) {
      this.#store.deleteInVain(handle, this.#now());
      return { ok: true };
    }
    return deleteOutcome(this.#store.delete(handle, this.#now()), fifo);
  }

  #changeOne(change: VisibilityChange, faults: EntryFaults, position: number): SettleOutcome {
    const { receiptHandle, visibilityTimeoutMs } = change;
    if (faults.befalls('stale-handle', position)) {
      return changeOutcome('stale', this.#settings.fifo);
    }
    if (!(visibilityTimeoutMs >= 0 && visibilityTimeoutMs <= sqsLimits.maxVisibilityTimeoutMs)) {
      return refused(
        'changeVisibilityBatch',
        'InvalidParameterValue',
        'VisibilityTimeout must be 0 to 43200 s',
      );
    }
    const result = this.#store.changeVisibility(
      receiptHandle,
      wholeSeconds(visibilityTimeoutMs),
      this.#now(),
    );
    return changeOutcome(result, this.#settings.fifo);
  }

  #deliverAgain(messages: readonly ReceivedMessage[], faults: EntryFaults): void {
    if (this.#settings.fifo) {
      return;
    }
    messages.forEach(({ receiptHandle }, position) => {
      if (faults.befalls('duplicate', position)) {
        this.#store.showAgain(receiptHandle);
      }
    });
    this.#line.serve();
  }
}

function redriveOf({ deadLetterQueue, maxReceiveCount }: FakeQueueSettings): StoreOptions['redrive'] {
  if (deadLetterQueue === undefined) {
    return undefined;
  }
  return { maxReceiveCount, store: insideOf(deadLetterQueue).store };
}

function describeRedrive({
  deadLetterQueue,
  maxReceiveCount,
}: FakeQueueSettings): QueueDescription['redrive'] {
  if (deadLetterQueue === undefined) {
    return undefined;
  }
  const { region, accountId, partition, name } = parseQueueUrl(deadLetterQueue.url);
  const place = `${partition ?? 'aws'}:sqs:${region ?? 'us-east-1'}:${accountId ?? '000000000000'}`;
  return { deadLetterQueueArn: `arn:${place}:${name}`, maxReceiveCount };
}

function failureAt(faults: EntryFaults, position: number): Failure | undefined {
  const error = faults.failureAt(position);
  return error === undefined ? undefined : { ok: false, error };
}
