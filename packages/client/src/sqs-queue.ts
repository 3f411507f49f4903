import {
  ChangeMessageVisibilityBatchCommand,
  DeleteMessageBatchCommand,
  GetQueueAttributesCommand,
  type GetQueueAttributesCommandOutput,
  type QueueAttributeName,
  ReceiveMessageCommand,
  type ReceiveMessageCommandOutput,
  SendMessageBatchCommand,
  type SendMessageBatchResultEntry,
} from '@aws-sdk/client-sqs';
import {
  type CallOptions,
  type Logger,
  type Queue,
  type QueueDepth,
  type QueueDescription,
  QueueError,
  type ReceivedMessage,
  type ReceiveRequest,
  type SendEntry,
  type SendOutcome,
  type SettleOutcome,
  silentLogger,
  sqsLimits,
  toQueueError,
  type VisibilityChange,
} from '@sqskit/core';
import { type Clock, systemClock } from '@sqskit/core/clock';
import { type OptionRules, resolveOptions } from '@sqskit/core/options';
import { parseQueueUrl } from '@sqskit/core/queue-url';
import { type BatchAnswer, failAll, outcomesByPosition } from './batch-outcomes.ts';
import { type ClientCheck, createClientCheck } from './client-check.ts';
import { sdkCall } from './sdk-call.ts';
import type { SqsClient } from './sqs-client.ts';
import { queueDepth, queueDescription, receivedMessage, receiveInput, seconds, sendEntry } from './wire.ts';

export interface SqsQueueOptions {
  /** Told once if the client retries by itself. Default: silent. */
  readonly logger?: Logger | undefined;
  /** Default: the machine's. */
  readonly clock?: Clock | undefined;
}

export const sqsQueueRules: OptionRules<SqsQueueOptions> = {
  logger: {
    kind: 'object',
    default: silentLogger,
    shown: 'silent',
    methods: ['debug', 'warn', 'error'],
    what: 'a Logger',
    doc: 'Told once if the client retries by itself, and of messages that SQS delivered without a receipt handle.',
  },
  clock: {
    kind: 'object',
    default: systemClock,
    shown: 'system',
    methods: ['now', 'monotonic', 'setTimer'],
    what: 'a Clock',
    doc: 'Where time comes from; a fake one in tests.',
  },
};

/**
 * A queue of SQS, over a client that stays the caller's: it may serve many queues of its region.
 *
 * Throws `queue-url-invalid` and `option-invalid`. A client of another region fails every call with `region-mismatch`,
 * before anything is sent; an endpoint outside AWS (an emulator) is left unchecked.
 */
export function createSqsQueue(client: SqsClient, queueUrl: string, options: SqsQueueOptions = {}): Queue {
  const { logger, clock } = resolveOptions<SqsQueueOptions>('createSqsQueue', sqsQueueRules, options);
  const check = createClientCheck(client, parseQueueUrl(queueUrl), logger);
  return new SqsQueue(client, queueUrl, check, logger, clock);
}

const depthAttributes: QueueAttributeName[] = [
  'ApproximateNumberOfMessages',
  'ApproximateNumberOfMessagesNotVisible',
  'ApproximateNumberOfMessagesDelayed',
];

const settled: SettleOutcome = { ok: true };

class SqsQueue implements Queue {
  readonly url: string;
  readonly #client: SqsClient;
  readonly #check: ClientCheck;
  readonly #logger: Logger;
  readonly #clock: Clock;

  constructor(client: SqsClient, url: string, check: ClientCheck, logger: Logger, clock: Clock) {
    this.url = url;
    this.#client = client;
    this.#check = check;
    this.#logger = logger;
    this.#clock = clock;
  }

  async sendBatch(entries: readonly SendEntry[], options?: CallOptions): Promise<readonly SendOutcome[]> {
    const Entries = batchOf(entries, sendEntry);
    const command = new SendMessageBatchCommand({ QueueUrl: this.url, Entries });
    return this.#batch('SendMessageBatch', Entries.length, command, options, sendOutcome);
  }

  async receive(request: ReceiveRequest, options?: CallOptions): Promise<readonly ReceivedMessage[]> {
    const command = new ReceiveMessageCommand(receiveInput(this.url, request));
    const output = await this.#call('ReceiveMessage', command, options);
    const messages: ReceivedMessage[] = [];
    for (const message of (output as ReceiveMessageCommandOutput).Messages ?? []) {
      const received = receivedMessage(message);
      if (received === undefined) {
        this.#logger.warn('a message without an id or a receipt handle was left to come again', {
          queueUrl: this.url,
        });
      } else {
        messages.push(received);
      }
    }
    return messages;
  }

  async deleteBatch(handles: readonly string[], options?: CallOptions): Promise<readonly SettleOutcome[]> {
    const Entries = batchOf(handles, (ReceiptHandle, index) => ({ Id: String(index), ReceiptHandle }));
    const command = new DeleteMessageBatchCommand({ QueueUrl: this.url, Entries });
    return this.#batch('DeleteMessageBatch', Entries.length, command, options, () => settled);
  }

  async changeVisibilityBatch(
    changes: readonly VisibilityChange[],
    options?: CallOptions,
  ): Promise<readonly SettleOutcome[]> {
    const Entries = batchOf(changes, ({ receiptHandle, visibilityTimeoutMs }, index) => ({
      Id: String(index),
      ReceiptHandle: receiptHandle,
      VisibilityTimeout: seconds(visibilityTimeoutMs),
    }));
    const command = new ChangeMessageVisibilityBatchCommand({ QueueUrl: this.url, Entries });
    return this.#batch('ChangeMessageVisibilityBatch', Entries.length, command, options, () => settled);
  }

  async describe(options?: CallOptions): Promise<QueueDescription> {
    // By name, a standard queue refuses `FifoQueue`.
    return queueDescription(await this.#attributes(['All'], options));
  }

  async depth(options?: CallOptions): Promise<QueueDepth> {
    return queueDepth(await this.#attributes(depthAttributes, options));
  }

  async #attributes(AttributeNames: QueueAttributeName[], options: CallOptions | undefined) {
    const command = new GetQueueAttributesCommand({ QueueUrl: this.url, AttributeNames });
    const output = await this.#call('GetQueueAttributes', command, options);
    return (output as GetQueueAttributesCommandOutput).Attributes ?? {};
  }

  async #batch<S extends { readonly Id?: string | undefined }, O extends SendOutcome | SettleOutcome>(
    operation: string,
    count: number,
    command: object,
    options: CallOptions | undefined,
    read: (entry: S) => O | undefined,
  ) {
    try {
      const answer = await this.#call(operation, command, options);
      return outcomesByPosition(operation, count, answer as BatchAnswer<S>, read);
    } catch (error) {
      return failAll(count, toQueueError(error, operation));
    }
  }

  async #call(operation: string, command: object, options: CallOptions | undefined): Promise<unknown> {
    await this.#check();
    return sdkCall(this.#client, this.#clock, operation, command, options?.signal);
  }
}

function sendOutcome({ MessageId, SequenceNumber }: SendMessageBatchResultEntry): SendOutcome | undefined {
  if (MessageId === undefined) {
    return undefined;
  }
  return SequenceNumber === undefined
    ? { ok: true, messageId: MessageId }
    : { ok: true, messageId: MessageId, sequenceNumber: SequenceNumber };
}

/** The entries of one batch on the wire. Throws `batch-invalid`: an empty batch, or a larger one, is a caller's mistake. */
function batchOf<E, W>(entries: readonly E[], toWire: (entry: E, index: number) => W): W[] {
  const { maxBatchEntries } = sqsLimits;
  if (entries.length < 1 || entries.length > maxBatchEntries) {
    const expected = `1 to ${maxBatchEntries} entries`;
    throw new QueueError('batch-invalid', `expected ${expected}, received ${entries.length}`, {
      entries: entries.length,
      expected,
    });
  }
  return entries.map(toWire);
}
