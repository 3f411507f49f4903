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
  type Failure,
  type Logger,
  type Queue,
  type QueueDepth,
  type QueueDescription,
  type ReceivedMessage,
  type ReceiveRequest,
  type Recorder,
  type SendEntry,
  type SendOutcome,
  type SettleOutcome,
  toQueueError,
  type VisibilityChange,
} from '@sqskit/core';
import { guardedLogger } from '@sqskit/core/callbacks';
import type { Clock } from '@sqskit/core/clock';
import {
  clockRule,
  loggerRule,
  type OptionRules,
  type Resolved,
  recorderRule,
  resolveOptions,
} from '@sqskit/core/options';
import { parseQueueUrl, type QueueAddress } from '@sqskit/core/queue-url';
import {
  type BatchAnswer,
  failAll,
  outcomesByPosition,
  type PreparedBatch,
  prepareBatch,
} from './batch-outcomes.ts';
import { createCallRecording, type RecordedCall } from './call-recording.ts';
import { type ClientCheck, createClientCheck } from './client-check.ts';
import { sdkCall } from './sdk-call.ts';
import type { SqsClient } from './sqs-client.ts';
import { maxConnectionsOf } from './transport-limit.ts';
import {
  missingField,
  type QueueAttributes,
  queueDepth,
  queueDescription,
  receivedMessage,
  receiveInput,
  seconds,
  sendEntry,
} from './wire.ts';

export interface SqsQueueOptions {
  /** Told once if the client retries by itself. Default: silent. */
  readonly logger?: Logger | undefined;
  /** Default: the machine's. */
  readonly clock?: Clock | undefined;
  /** Told of every call: how long it took, and whether it failed or was throttled. Default: records nothing. */
  readonly recorder?: Recorder | undefined;
}

export const sqsQueueRules: OptionRules<SqsQueueOptions> = {
  logger: loggerRule(
    'Told once if the client retries by itself, and of messages that SQS delivered without a receipt handle.',
  ),
  clock: clockRule('Where time comes from.'),
  recorder: recorderRule('Told of every call: how long it took, and whether it failed or was throttled.'),
};

/**
 * A queue of SQS, over a client that stays the caller's: it may serve many queues of its region.
 *
 * Throws `queue-url-invalid` and `option-invalid`. A client of another region fails every call with `region-mismatch`,
 * before anything is sent; an endpoint outside AWS (an emulator) is left unchecked.
 */
export function createSqsQueue(client: SqsClient, queueUrl: string, options: SqsQueueOptions = {}): Queue {
  const settings = resolveOptions<SqsQueueOptions>('createSqsQueue', sqsQueueRules, options);
  return new SqsQueue(client, parseQueueUrl(queueUrl), settings);
}

const depthAttributes: QueueAttributeName[] = [
  'ApproximateNumberOfMessages',
  'ApproximateNumberOfMessagesNotVisible',
  'ApproximateNumberOfMessagesDelayed',
];

const settled: SettleOutcome = { ok: true };

class SqsQueue implements Queue {
  readonly url: string;
  readonly #fifo: boolean;
  readonly #client: SqsClient;
  readonly #check: ClientCheck;
  readonly #logger: Logger;
  readonly #clock: Clock;
  readonly #recorded: RecordedCall;

  constructor(client: SqsClient, address: QueueAddress, settings: Resolved<SqsQueueOptions>) {
    const { clock, recorder } = settings;
    const logger = guardedLogger(settings.logger);
    this.url = address.url;
    this.#fifo = address.fifo;
    this.#client = client;
    this.#check = createClientCheck(client, address, logger);
    this.#logger = logger;
    this.#clock = clock;
    this.#recorded = createCallRecording(recorder, address.name, clock);
  }

  /** Asked anew each time: the SDK's own handler makes its agents late. */
  get maxConnections(): number | undefined {
    return maxConnectionsOf(this.#client.config);
  }

  async sendBatch(entries: readonly SendEntry[], options?: CallOptions): Promise<readonly SendOutcome[]> {
    const missing = (entry: SendEntry): string | undefined => missingField(entry, this.#fifo);
    const batch = prepareBatch('SendMessageBatch', entries, missing, sendEntry);
    return this.#batch(batch, SendMessageBatchCommand, options, sendOutcome);
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
    const missing = (handle: string): string | undefined => (handle === '' ? 'receiptHandle' : undefined);
    const batch = prepareBatch('DeleteMessageBatch', handles, missing, (ReceiptHandle, Id) => ({
      Id,
      ReceiptHandle,
    }));
    return this.#batch(batch, DeleteMessageBatchCommand, options, () => settled);
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
    return this.#batch(batch, ChangeMessageVisibilityBatchCommand, options, () => settled);
  }

  async describe(options?: CallOptions): Promise<QueueDescription> {
    // By name, a standard queue refuses `FifoQueue`.
    return queueDescription(await this.#attributes(['All'], options), this.#fifo);
  }

  async depth(options?: CallOptions): Promise<QueueDepth> {
    return queueDepth(await this.#attributes(depthAttributes, options));
  }

  async #attributes(
    AttributeNames: QueueAttributeName[],
    options: CallOptions | undefined,
  ): Promise<QueueAttributes> {
    const command = new GetQueueAttributesCommand({ QueueUrl: this.url, AttributeNames });
    const output = await this.#call('GetQueueAttributes', command, options);
    return (output as GetQueueAttributesCommandOutput).Attributes ?? {};
  }

  async #batch<W, S extends { readonly Id?: string | undefined }, O extends SendOutcome | SettleOutcome>(
    batch: PreparedBatch<W>,
    Command: new (input: { QueueUrl: string; Entries: W[] }) => object,
    options: CallOptions | undefined,
    read: (entry: S) => O | undefined,
  ): Promise<readonly (O | Failure)[]> {
    const { operation, entries } = batch;
    if (entries.length === 0) {
      return outcomesByPosition<S, O>(batch, {}, read);
    }
    try {
      const answer = await this.#call(
        operation,
        new Command({ QueueUrl: this.url, Entries: entries }),
        options,
      );
      return outcomesByPosition(batch, answer as BatchAnswer<S>, read);
    } catch (error) {
      return failAll(batch, toQueueError(error, operation));
    }
  }

  async #call(operation: string, command: object, options: CallOptions | undefined): Promise<unknown> {
    await this.#check();
    return this.#recorded(operation, () =>
      sdkCall(this.#client, this.#clock, operation, command, options?.signal),
    );
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
