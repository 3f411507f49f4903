import { createProducer } from '@sqskit/batching';
import { packed } from '@sqskit/compression';
import { createConsumer } from '@sqskit/consumer';
import { createFakeClock, createFakeQueue, createFaultPlan, createRandom } from '@sqskit/testing';
import { expect, test } from 'vitest';

// Packs from the producer to the handler, on a queue that fails in every way it can: each message of a pack has an end
// of its own, and a poisonous one takes none with it.

interface Event {
  readonly number: number;
  readonly text: string;
}

const maxReceiveCount = 4;
const count = 400;
const isPoison = (number: number): boolean => number % 97 === 13;
const seeds = Array.from({ length: 20 }, (_, seed) => seed);

const rates = {
  entryFailures: 0.05,
  throttles: 0.05,
  unavailable: 0.02,
  lostReplies: 0.02,
  lostRequests: 0.02,
  slowReplies: 0.05,
  tooLargeBatches: 0.05,
  md5Mismatches: 0.01,
};

test.each(seeds)('messages of packs that fail are settled alone, seed %i', async (seed) => {
  const clock = createFakeClock();
  const random = createRandom(seed);
  const url = (name: string): string => `https://sqs.us-east-1.amazonaws.com/123456789012/${name}`;
  const deadLetterQueue = createFakeQueue({ clock, url: url('dead') });
  const queue = createFakeQueue({
    clock,
    random,
    url: url('events'),
    faults: createFaultPlan({ seed, rates }),
    deadLetterQueue,
    maxReceiveCount,
    latencyMs: 10,
  });
  const envelope = packed();
  const done = new Set<number>();
  const consumer = createConsumer<Event>(
    queue,
    ({ body: { number } }) => {
      if (isPoison(number) || random() < 0.05) {
        throw new Error('a failure of the test');
      }
      done.add(number);
    },
    { clock, random, envelope, deadLetterQueue, retryMaxMs: 10_000, maxConcurrency: 20 },
  );
  const producer = createProducer<Event>(queue, { clock, random, envelope });
  consumer.start();
  const sending = Array.from({ length: count }, (_, number) =>
    producer.send({ body: { number, text: 'é'.repeat(number % 50) } }),
  );
  await clock.settle(Promise.all(sending));
  await clock.settle(producer.close());
  await clock.advance(600_000);
  await clock.settle(consumer.stop());

  expect(queue.messages()).toEqual([]);
  const moved = await Promise.all(deadLetterQueue.messages().map(async (message) => envelope.open(message)));
  const dead = new Set<number>();
  for (const item of moved.flatMap(({ items }) => items)) {
    const event: Event = JSON.parse('content' in item ? String(item.content) : '{}');
    dead.add(event.number);
  }
  const numbers = Array.from({ length: count }, (_, number) => number);
  expect(numbers.filter((number) => !done.has(number) && !dead.has(number))).toEqual([]);
  expect(numbers.filter((number) => isPoison(number) && (done.has(number) || !dead.has(number)))).toEqual([]);
  expect(consumer.stats().packs).toBeGreaterThan(0);
  expect(consumer.stats().received).toBeLessThan(count);
  expect(clock.pendingTimers).toBe(0);
});
