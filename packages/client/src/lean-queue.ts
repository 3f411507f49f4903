import type { Queue } from '@sqskit/core';
import { type OptionRules, resolveOptions } from '@sqskit/core/options';
import { parseQueueUrl } from '@sqskit/core/queue-url';
import { type BodyCheck, createBodyCheck } from './body-checksum.ts';
import type { LeanClient } from './lean-client.ts';
import { type QueueOptions, queueRules } from './queue-options.ts';
import type { BinaryForm, QueueOperation, Transport } from './transport.ts';
import { TransportQueue } from './transport-queue.ts';

export interface LeanQueueOptions extends QueueOptions {}

export const leanQueueRules: OptionRules<LeanQueueOptions> = queueRules({
  logger: 'Told of messages that SQS delivered without a receipt handle, or whose body arrived damaged.',
});

/** A queue of SQS, over a lean client that stays the caller's. Throws `queue-url-invalid` and `option-invalid`. */
export function createLeanQueue(client: LeanClient, queueUrl: string, options: LeanQueueOptions = {}): Queue {
  const settings = resolveOptions<LeanQueueOptions>('createLeanQueue', leanQueueRules, options);
  return new TransportQueue(new LeanTransport(client), parseQueueUrl(queueUrl), settings);
}

const base64: BinaryForm = {
  toWire: (bytes) => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64'),
  fromWire: (value) => (typeof value === 'string' ? Buffer.from(value, 'base64') : value),
};

class LeanTransport implements Transport {
  readonly binary: BinaryForm = base64;
  readonly areIntact: BodyCheck = createBodyCheck();
  readonly #client: LeanClient;

  constructor(client: LeanClient) {
    this.#client = client;
  }

  get maxConnections(): number {
    return this.#client.maxConnections;
  }

  prepare(): undefined {
    return undefined; // whether client and queue suit each other is seen at every call, for nothing
  }

  call(operation: QueueOperation, input: object, signal: AbortSignal | undefined): Promise<unknown> {
    return this.#client.call(operation, input, { signal });
  }
}
