import {
  type CallOptions,
  type Failure,
  type Logger,
  type Queue,
  type QueueDepth,
  type QueueDescription,
  type ReceivedMessage,
  type ReceiveRequest,
  type SendEntry,
  type SendOutcome,
  type SettleOutcome,
  toQueueError,
  type VisibilityChange,
} from '@sqskit/core';
import { guardedLogger } from '@sqskit/core/callbacks';
import type { Resolved } from '@sqskit/core/options';
import type { QueueAddress } from '@sqskit/core/queue-url';
import {
  type BatchAnswer,
  failAll,
  outcomesByPosition,
  type PreparedBatch,
  prepareBatch,
} from './batch-outcomes.ts';
import { responseInvalid } from './call-failure.ts';
import { createCallRecording, type RecordedCall } from './call-recording.ts';
import type { QueueOptions } from './queue-options.ts';
import type { QueueOperation, Transport } from './transport.ts';
import {
  missingField,
  queueDepth,
  queueDescription,
  receivedMessage,
  receiveInput,
  seconds,
  sendEntry,
  type WireMessage,
  type WireQueueAttributes,
} from './wire.ts';

const depthAttributes = [
  'ApproximateNumberOfMessages',
  'ApproximateNumberOfMessagesNotVisible',
  'ApproximateNumberOfMessagesDelayed',
];

const settled: SettleOutcome = { ok: true };
const allSettled = (entries: readonly SettledEntry[]): readonly SettleOutcome[] => entries.map(() => settled);

interface SettledEntry {
  readonly Id?: string | undefined;
}

interface SentEntry extends SettledEntry {
  readonly MessageId?: string | undefined;
  readonly MD5OfMessageBody?: string | undefined;
  readonly SequenceNumber?: string | undefined;
}

/** A queue of SQS over any transport. */
export class TransportQueue implements Queue {
  readonly url: string;
  readonly #fifo: boolean;
  readonly #transport: Transport;
  readonly #logger: Logger;
  readonly #recorded: RecordedCall;

  constructor(transport: Transport, address: QueueAddress, settings: Resolved<QueueOptions>) {
    this.url = address.url;
    this.#fifo = address.fifo;
    this.#transport = transport;
    this.#logger = guardedLogger(settings.logger);
    this.#recorded = createCallRecording(settings.recorder, address.name, settings.clock);
  }

  get maxConnections(): number | undefined {
    return this.#transport.maxConnections;
  }

  async sendBatch(entries: readonly SendEntry[], options?: CallOptions): Promise<readonly SendOutcome[]> {
    const missing = (entry: SendEntry): string | undefined => missingField(entry, this.#fifo);
    const toWire = (entry: SendEntry, id: string): object => sendEntry(entry, id, this.#transport.binary);
    const batch = prepareBatch('SendMessageBatch', entries, missing, toWire);
    return this.#batch<SentEntry, SendOutcome>(batch, options, (sent) => this.#sendOutcomes(sent, entries));
  }

  async receive(request: ReceiveRequest, options?: CallOptions): Promise<readonly ReceivedMessage[]> {
    const output = await this.#call('ReceiveMessage', receiveInput(this.url, request), options);
    const { Messages = [] } = output as { readonly Messages?: readonly WireMessage[] };
    const intact = this.#transport.areIntact(
      Messages.map(({ Body = '' }) => Body),
      Messages.map(({ MD5OfBody }) => MD5OfBody),
    );
    const messages: ReceivedMessage[] = [];
    Messages.forEach((message, index) => {
      const received = receivedMessage(message, this.#transport.binary);
      if (received === undefined) {
        this.#leave('a message without an id or a receipt handle');
      } else if (intact[index] !== true) {
        this.#leave('a message whose body arrived damaged');
      } else {
        messages.push(received);
      }
    });
    return messages;
  }

  async deleteBatch(handles: readonly string[], options?: CallOptions): Promise<readonly SettleOutcome[]> {
    const missing = (handle: string): string | undefined => (handle === '' ? 'receiptHandle' : undefined);
    const batch = prepareBatch('DeleteMessageBatch', handles, missing, (ReceiptHandle, Id) => ({
      Id,
      ReceiptHandle,
    }));
    return this.#batch<SettledEntry, SettleOutcome>(batch, options, allSettled);
  }

  async changeVisibilityBatch(
    changes: readonly VisibilityChange[],
    options?: CallOptions,
  ): Promise<readonly SettleOutcome[]> {
    const missing = ({ receiptHandle }: VisibilityChange): string | undefined =>
      receiptHandle === '' ? 'receiptHandle' : undefined;
    const batch = prepareBatch('ChangeMessageVisibilityBatch', changes, missing, (change, Id) => ({
      Id,
      ReceiptHandle: change.receiptHandle,
      VisibilityTimeout: seconds(change.visibilityTimeoutMs),
    }));
    return this.#batch<SettledEntry, SettleOutcome>(batch, options, allSettled);
  }

  async describe(options?: CallOptions): Promise<QueueDescription> {
    // By name, a standard queue refuses `FifoQueue`.
    return queueDescription(await this.#attributes(['All'], options), this.#fifo);
  }

  async depth(options?: CallOptions): Promise<QueueDepth> {
    return queueDepth(await this.#attributes(depthAttributes, options));
  }

  async #attributes(
    AttributeNames: readonly string[],
    options: CallOptions | undefined,
  ): Promise<WireQueueAttributes> {
    const input = { QueueUrl: this.url, AttributeNames };
    const output = await this.#call('GetQueueAttributes', input, options);
    return (output as { readonly Attributes?: WireQueueAttributes }).Attributes ?? {};
  }

  async #batch<S extends SettledEntry, O extends SendOutcome | SettleOutcome>(
    batch: PreparedBatch<object>,
    options: CallOptions | undefined,
    read: (successful: readonly S[]) => readonly (O | undefined)[],
  ): Promise<readonly (O | Failure)[]> {
    const { operation, entries } = batch;
    if (entries.length === 0) {
      return outcomesByPosition<S, O>(batch, {}, read);
    }
    try {
      const answer = await this.#call(operation, { QueueUrl: this.url, Entries: entries }, options);
      return outcomesByPosition(batch, answer as BatchAnswer<S>, read);
    } catch (error) {
      return failAll(batch, toQueueError(error, operation));
    }
  }

  async #call(operation: QueueOperation, input: object, options: CallOptions | undefined): Promise<unknown> {
    const preparing = this.#transport.prepare();
    if (preparing !== undefined) {
      await preparing;
    }
    return this.#recorded(operation, () => this.#transport.call(operation, input, options?.signal));
  }

  #sendOutcomes(
    sent: readonly SentEntry[],
    entries: readonly SendEntry[],
  ): readonly (SendOutcome | undefined)[] {
    const intact = this.#transport.areIntact(
      sent.map(({ Id }) => entries[Number(Id)]?.body ?? ''),
      sent.map(({ MD5OfMessageBody }) => MD5OfMessageBody),
    );
    return sent.map((entry, index) => sendOutcome(entry, intact[index] === true));
  }

  #leave(what: string): void {
    this.#logger.warn(`${what} was left to come again`, { queueUrl: this.url });
  }
}

function sendOutcome(
  { MessageId, MD5OfMessageBody, SequenceNumber }: SentEntry,
  isIntact: boolean,
): SendOutcome | undefined {
  if (MessageId === undefined) {
    return undefined;
  }
  if (!isIntact) {
    const error = responseInvalid('SendMessageBatch', 'the MD5 of the body', String(MD5OfMessageBody));
    return { ok: false, error }; // accepted, but not what was sent
  }
  return SequenceNumber === undefined
    ? { ok: true, messageId: MessageId }
    : { ok: true, messageId: MessageId, sequenceNumber: SequenceNumber };
}
