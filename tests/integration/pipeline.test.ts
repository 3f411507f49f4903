import { CreateQueueCommand } from '@aws-sdk/client-sqs';
import { createProducer } from '@sqskit/batching';
import { createPooledClient, createSqsQueue, type PooledClient } from '@sqskit/client';
import { compressed, guideEnvelope } from '@sqskit/compression';
import { createConsumer, deadLetter, retry, stream } from '@sqskit/consumer';
import { type Envelope, plain, type Queue, sendAll } from '@sqskit/core';
import { type FauxqsServer, startFauxqs } from 'fauxqs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

// The real AWS SDK over HTTP against a local SQS: what the packages promise one another holds when they are put together.

interface Event {
  readonly n: number;
  readonly text: string;
}

let emulator: FauxqsServer;
let client: PooledClient;
let queues = 0;

beforeAll(async () => {
  emulator = await startFauxqs({ port: 0, logger: false });
  client = createPooledClient({
    endpoint: `http://127.0.0.1:${emulator.port}`,
    region: 'us-east-1',
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
  });
});

afterAll(async () => {
  await client.close();
  await emulator.stop();
});

async function createQueue(options: { fifo?: boolean } = {}): Promise<Queue> {
  const name = `queue-${queues++}${options.fifo === true ? '.fifo' : ''}`;
  const attributes = options.fifo === true ? { FifoQueue: 'true' } : {};
  const { QueueUrl } = await client.send(new CreateQueueCommand({ QueueName: name, Attributes: attributes }));
  return createSqsQueue(client, String(QueueUrl));
}

function events(count: number): Event[] {
  return Array.from({ length: count }, (_, n) => ({ n, text: `é ${n} `.repeat(n % 400) }));
}

/** Resolves once `count` messages have been handled. */
function countdown(count: number) {
  const { promise, resolve } = Promise.withResolvers<void>();
  let left = count;
  return {
    done: promise,
    one: () => {
      left--;
      if (left === 0) resolve();
    },
  };
}

const envelopes: readonly (readonly [string, () => Envelope])[] = [
  ['plain', plain],
  ['compressed', compressed],
  ['guide', guideEnvelope],
];

describe.each(envelopes)('with the %s envelope', (_, makeEnvelope) => {
  test('every message sent is handled once and gone from the queue', async () => {
    const queue = await createQueue();
    const envelope = makeEnvelope();
    const handled: Event[] = [];
    const { done, one } = countdown(500);
    const consumer = createConsumer<Event>(
      queue,
      ({ body }) => {
        handled.push(body);
        one();
      },
      { envelope, maxConcurrency: 50, waitTimeMs: 1_000 },
    );
    consumer.start();
    await using producer = createProducer<Event>(queue, { envelope });
    const summary = await sendAll(
      producer,
      events(500).map((body) => ({ body })),
    );
    expect(summary).toEqual({ sent: 500, failed: 0, failures: [] });
    await done;
    const report = await consumer.stop({ timeoutMs: 5_000 });
    expect(report.abandoned).toEqual([]);
    expect(handled.toSorted((one, other) => one.n - other.n)).toEqual(events(500));
    expect(await queue.depth()).toEqual({ visible: 0, inFlight: 0, delayed: 0 });
    expect(consumer.stats().deleteCalls + consumer.stats().receiveCalls).toBeLessThan(250);
    expect(producer.stats().batches).toBeLessThan(75);
  });
});

test('messages of a FIFO group are handled in order, though some are tried again', async () => {
  const queue = await createQueue({ fifo: true });
  const groups = new Map<string, number[]>();
  const { done, one } = countdown(60);
  const consumer = createConsumer<Event>(
    queue,
    ({ body, groupId, receiveCount }) => {
      if (body.n % 7 === 0 && receiveCount === 1) {
        return retry({ delayMs: 1_000 });
      }
      const group = groups.get(String(groupId)) ?? [];
      groups.set(String(groupId), [...group, body.n]);
      one();
      return undefined;
    },
    { maxConcurrency: 10, waitTimeMs: 1_000 },
  );
  consumer.start();
  await using producer = createProducer<Event>(queue);
  await sendAll(
    producer,
    events(60).map((body) => ({ body, groupId: `g${body.n % 6}` })),
  );
  await done;
  await consumer.stop({ timeoutMs: 5_000 });
  expect(groups.size).toBe(6);
  for (const numbers of groups.values()) {
    expect(numbers).toEqual(numbers.toSorted((one, other) => one - other));
  }
}, 30_000);

test('a dead-lettered message moves to the dead-letter queue with its body', async () => {
  const queue = await createQueue();
  const deadLetterQueue = await createQueue();
  const { done, one } = countdown(2);
  const consumer = createConsumer<Event>(
    queue,
    ({ body }) => {
      one();
      return body.n === 1 ? deadLetter('odd') : undefined;
    },
    { deadLetterQueue, waitTimeMs: 1_000 },
  );
  consumer.start();
  await using producer = createProducer<Event>(queue);
  await Promise.all(events(2).map((body) => producer.send({ body })));
  await done;
  await consumer.stop({ timeoutMs: 5_000 });
  for await (const message of stream<Event>(deadLetterQueue, { waitTimeMs: 1_000 })) {
    expect(message.body.n).toBe(1);
    message.ack();
    break;
  }
  expect(await queue.depth()).toEqual({ visible: 0, inFlight: 0, delayed: 0 });
  expect(await deadLetterQueue.depth()).toEqual({ visible: 0, inFlight: 0, delayed: 0 });
});
