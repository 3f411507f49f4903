import { createProducer } from '@sqskit/batching';
import { packed } from '@sqskit/compression';
import { createConsumer } from '@sqskit/consumer';
import {
  createFakeClock,
  createFakeQueue,
  createFaultPlan,
  createLedger,
  createRandom,
} from '@sqskit/testing';
import { expect, test } from 'vitest';

// Packs of a FIFO queue from the producer to the handler, while calls and handlers fail: every message is processed, and
// none of a group begins for the first time before those that were sent before it are done.

interface Event {
  readonly group: string;
  readonly number: number;
}

const count = 300;
const seeds = Array.from({ length: 20 }, (_, seed) => seed);

const rates = {
  entryFailures: 0.05,
  throttles: 0.05,
  lostReplies: 0.02,
  lostRequests: 0.02,
  slowReplies: 0.05,
  tooLargeBatches: 0.05,
  md5Mismatches: 0.01,
};

test.each(seeds)('groups keep their order through packs that fail, seed %i', async (seed) => {
  const clock = createFakeClock();
  const random = createRandom(seed);
  const ledger = createLedger();
  const faults = createFaultPlan({ seed, rates });
  const queue = createFakeQueue({ clock, fifo: true, faults, latencyMs: 10 });
  const envelope = packed({ maxItems: 20, clock });
  const doneOf = new Map<string, number[]>();
  const tooEarly: string[] = [];
  const consumer = createConsumer<Event>(
    queue,
    ({ body: { group, number } }) => {
      const done = doneOf.get(group) ?? [];
      doneOf.set(group, done);
      const isNext = done.includes(number) || sentOf(group).find((each) => !done.includes(each)) === number;
      if (!isNext) {
        tooEarly.push(`${group}: ${number} after ${done.join()}`);
      }
      if (random() < 0.02) {
        throw new Error('a failure of the test');
      }
      ledger.processed(String(number));
      done.push(number);
    },
    { clock, random, envelope, retryMaxMs: 5_000 },
  );
  const events = Array.from({ length: count }, (_, number): Event => ({ number, group: `g${number % 7}` }));
  const sentOf = (group: string): readonly number[] =>
    events.filter((event) => event.group === group).map(({ number }) => number);
  const producer = createProducer<Event>(queue, { clock, random, envelope });
  consumer.start();
  const sending = events.map((body) =>
    ledger.offered(String(body.number), producer.send({ body, groupId: body.group })),
  );
  await clock.settle(Promise.all(sending));
  await clock.settle(producer.close());
  await clock.advance(1_800_000);
  await clock.settle(consumer.stop());

  expect(tooEarly).toEqual([]);
  expect(queue.messages()).toEqual([]);
  ledger.assertNothingLost();
  expect(queue.accepted.length).toBeLessThan(count / 3);
  expect(clock.pendingTimers).toBe(0);
});
