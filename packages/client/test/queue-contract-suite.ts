import { type ContractQueueOptions, type QueueHarness, queueContract } from '@sqskit/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Emulator, EmulatorKind } from './emulator.ts';
import type { Carrier } from './sdk.ts';

/** The contract of a Queue, of queues in an emulator. */
export function describeQueueContract(
  name: string,
  kind: EmulatorKind,
  carrierFrom: (endpoint: string) => Carrier,
): void {
  let emulator: Emulator;
  let carrier: Carrier;
  let made = 0;

  beforeAll(async () => {
    emulator = await kind.start();
    carrier = carrierFrom(emulator.endpoint);
  });

  afterAll(async () => {
    carrier.destroy();
    await emulator.stop();
  });

  const harness: QueueHarness = {
    async createQueue({ deadLetter, ...options }: ContractQueueOptions) {
      const suffix = options.fifo === true ? '.fifo' : '';
      const queueName = `contract-${made++}${suffix}`;
      const attributes = attributesOf(options);
      if (deadLetter === undefined) {
        return { queue: carrier.queue(await emulator.createQueue(queueName, attributes)) };
      }
      const dead = `contract-${made++}${suffix}`;
      const deadUrl = await emulator.createQueue(dead, attributesOf({ fifo: options.fifo }));
      const deadLetterTargetArn = `arn:aws:sqs:us-east-1:000000000000:${dead}`;
      const RedrivePolicy = JSON.stringify({ deadLetterTargetArn, ...deadLetter });
      const url = await emulator.createQueue(queueName, { ...attributes, RedrivePolicy });
      return { queue: carrier.queue(url), deadLetterQueue: carrier.queue(deadUrl) };
    },
    settle: (promise) => promise,
    supports: kind.supports,
  };

  describe(`${name} over ${kind.name} is a Queue`, () => {
    test.concurrent.for(queueContract(harness))('$name', async ({ run }) => {
      await expect(run()).resolves.toBeUndefined();
    });
  });
}

function attributesOf(options: Omit<ContractQueueOptions, 'deadLetter'>): Record<string, string> {
  const { fifo, visibilityTimeoutMs, maxMessageBytes, contentBasedDeduplication } = options;
  const attributes: Record<string, string> = {};
  if (fifo === true) {
    attributes['FifoQueue'] = 'true';
  }
  if (visibilityTimeoutMs !== undefined) {
    attributes['VisibilityTimeout'] = String(visibilityTimeoutMs / 1_000);
  }
  if (maxMessageBytes !== undefined) {
    attributes['MaximumMessageSize'] = String(maxMessageBytes);
  }
  if (contentBasedDeduplication !== undefined) {
    attributes['ContentBasedDeduplication'] = String(contentBasedDeduplication);
  }
  return attributes;
}
