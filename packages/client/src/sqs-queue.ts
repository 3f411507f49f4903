import {
  ChangeMessageVisibilityBatchCommand,
  DeleteMessageBatchCommand,
  GetQueueAttributesCommand,
  ReceiveMessageCommand,
  SendMessageBatchCommand,
} from '@aws-sdk/client-sqs';
import type { Queue } from '@sqskit/core';
import { guardedLogger } from '@sqskit/core/callbacks';
import type { Clock } from '@sqskit/core/clock';
import { type OptionRules, type Resolved, resolveOptions } from '@sqskit/core/options';
import { parseQueueUrl, type QueueAddress } from '@sqskit/core/queue-url';
import type { BodyCheck } from './body-checksum.ts';
import { type ClientCheck, createClientCheck } from './client-check.ts';
import { type QueueOptions, queueRules } from './queue-options.ts';
import { sdkCall } from './sdk-call.ts';
import type { SqsClient } from './sqs-client.ts';
import type { BinaryForm, QueueOperation, Transport } from './transport.ts';
import { maxConnectionsOf } from './transport-limit.ts';
import { TransportQueue } from './transport-queue.ts';

export interface SqsQueueOptions extends QueueOptions {}

export const sqsQueueRules: OptionRules<SqsQueueOptions> = queueRules({
  logger:
    'Told once if the client retries by itself, and of messages that SQS delivered without a receipt handle.',
});

/**
 * A queue of SQS, over a client that stays the caller's: it may serve many queues of its region.
 *
 * Throws `queue-url-invalid` and `option-invalid`. A client of another region fails every call with `region-mismatch`,
 * before anything is sent; an endpoint outside AWS (an emulator) is left unchecked.
 */
export function createSqsQueue(client: SqsClient, queueUrl: string, options: SqsQueueOptions = {}): Queue {
  const settings = resolveOptions<SqsQueueOptions>('createSqsQueue', sqsQueueRules, options);
  const address = parseQueueUrl(queueUrl);
  return new TransportQueue(new SdkTransport(client, address, settings), address, settings);
}

const commands: Readonly<Record<QueueOperation, new (input: never) => object>> = {
  SendMessageBatch: SendMessageBatchCommand,
  ReceiveMessage: ReceiveMessageCommand,
  DeleteMessageBatch: DeleteMessageBatchCommand,
  ChangeMessageVisibilityBatch: ChangeMessageVisibilityBatchCommand,
  GetQueueAttributes: GetQueueAttributesCommand,
};

class SdkTransport implements Transport {
  readonly binary: BinaryForm = { toWire: (bytes) => bytes, fromWire: (value) => value as Uint8Array };
  readonly prepare: ClientCheck;
  readonly #client: SqsClient;
  readonly #clock: Clock;

  constructor(client: SqsClient, address: QueueAddress, settings: Resolved<SqsQueueOptions>) {
    this.#client = client;
    this.#clock = settings.clock;
    this.prepare = createClientCheck(client, address, guardedLogger(settings.logger));
  }

  /** Asked anew each time: the SDK's own handler makes its agents late. */
  get maxConnections(): number | undefined {
    return maxConnectionsOf(this.#client.config);
  }

  /** The SDK has looked at all of them, and fails a call with one that is not. */
  readonly areIntact: BodyCheck = (bodies) => bodies.map(() => true);

  call(operation: QueueOperation, input: object, signal: AbortSignal | undefined): Promise<unknown> {
    const command = new commands[operation](input as never); // the input's form is SQS's own
    return sdkCall(this.#client, this.#clock, operation, command, signal);
  }
}
