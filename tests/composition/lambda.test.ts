import { createProducer } from '@sqskit/batching';
import { packed } from '@sqskit/compression';
import { createLambdaHandler, type SqsEvent, type SqsRecord } from '@sqskit/consumer';
import { contentText, type Queue } from '@sqskit/core';
import { sleep } from '@sqskit/core/clock';
import { createFakeClock, createFakeQueue, createRandom, type FakeClock } from '@sqskit/testing';
import { expect, test } from 'vitest';

// Packs through a Lambda function whose event source mapping loses deletes, and whose handlers fail, or are too slow.

const count = 200;
const maxReceiveCount = 4;
const isPoison = (number: number): boolean => number % 97 === 13;

async function receiveEvent(clock: FakeClock, queue: Queue): Promise<SqsEvent> {
  const name = queue.url.split('/').at(-1);
  const received = await clock.settle(queue.receive({ maxMessages: 10, waitTimeMs: 0 }));
  const Records = received.map(({ messageId, receiptHandle, body, receiveCount, groupId }): SqsRecord => {
    const group = groupId === undefined ? {} : { MessageGroupId: groupId };
    return {
      messageId,
      receiptHandle,
      body,
      attributes: { ApproximateReceiveCount: String(receiveCount), ...group },
      messageAttributes: {},
      eventSourceARN: `arn:aws:sqs:us-east-1:123456789012:${name}`,
    };
  });
  return { Records };
}

const kinds = [
  { kind: 'a standard queue that cannot be called', fifo: false, isGiven: false },
  { kind: 'a standard queue', fifo: false, isGiven: true },
  { kind: 'a FIFO queue that cannot be called', fifo: true, isGiven: false },
  { kind: 'a FIFO queue', fifo: true, isGiven: true },
];

test.each(kinds.flatMap((kind) => [1, 2, 3, 4, 5].map((seed) => ({ ...kind, seed }))))(
  'every message is done or dead-lettered, of $kind, seed $seed',
  async ({ fifo, isGiven, seed }) => {
    const clock = createFakeClock();
    const random = createRandom(seed);
    const suffix = fifo ? '.fifo' : '';
    const url = (name: string): string => `https://sqs.us-east-1.amazonaws.com/123456789012/${name}${suffix}`;
    const queue = createFakeQueue({ clock, random, url: url('events'), visibilityTimeoutMs: 5_000 });
    const deadLetterQueue = createFakeQueue({ clock, url: url('dead') });
    const envelope = packed({ maxItems: 15 });
    const producer = createProducer<number>(queue, { clock, random, envelope });
    const sending = Array.from({ length: count }, (_, body) =>
      producer.send({ body, ...(fifo ? { groupId: `g${body % 3}` } : {}) }),
    );
    await clock.settle(Promise.all([producer.flush(), ...sending]));
    const done: number[] = [];
    const lambda = createLambdaHandler<number>(
      async ({ body }) => {
        await sleep(clock, random() < 0.02 ? 2_000 : 5);
        if (isPoison(body) || random() < 0.05) {
          throw new Error('a failure of the test');
        }
        done.push(body);
      },
      {
        clock,
        random,
        envelope,
        deadLetterQueue,
        maxReceiveCount,
        queue: isGiven ? queue : undefined,
        retryMaxMs: 5_000,
      },
    );
    for (let rounds = 0; queue.messages().length > 0 && rounds < 2_000; rounds++) {
      const event = await receiveEvent(clock, queue);
      const endsAt = clock.monotonic() + 3_000;
      const context = { getRemainingTimeInMillis: () => endsAt - clock.monotonic() };
      const { batchItemFailures } = await clock.settle(lambda(event, context));
      const failed = new Set(batchItemFailures.map(({ itemIdentifier }) => itemIdentifier));
      const handles = event.Records.filter(({ messageId }) => !failed.has(messageId) && random() < 0.9);
      if (handles.length > 0) {
        await clock.settle(queue.deleteBatch(handles.map(({ receiptHandle }) => receiptHandle)));
      }
      await clock.advance(event.Records.length > 0 ? 10 : 1_000);
    }
    expect(queue.messages()).toEqual([]);
    const opened = await Promise.all(
      deadLetterQueue.messages().map(async ({ body }) => envelope.open({ body })),
    );
    const items = opened.flatMap((one) => one.items);
    const dead = items.map((item) => ('content' in item ? Number(contentText(item.content)) : Number.NaN));
    const all = new Set([...done, ...dead]);
    expect(all.size).toBe(count);
    const poisonous = [...all].filter(isPoison);
    expect(dead).toEqual(expect.arrayContaining(poisonous));
  },
);
