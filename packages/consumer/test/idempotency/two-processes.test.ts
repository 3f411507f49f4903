import { ack, type Verdict } from '@sqskit/core';
import { sleep } from '@sqskit/core/clock';
import { createFakeClock, createFakeQueue, createFaultPlan, createRandom } from '@sqskit/testing';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { memoryStore, withIdempotency } from '../../src/idempotency/index.ts';
import { createConsumer } from '../../src/index.ts';

test('of two consumers with one store one at a time runs a key, and none runs it again once it is done', async () => {
  await fc.assert(
    fc.asyncProperty(fc.nat({ max: 1_000_000 }), async (seed) => {
      const clock = createFakeClock();
      const random = createRandom(seed);
      const rates = {
        entryFailures: 0.1,
        unavailable: 0.1,
        lostReplies: 0.1,
        lostRequests: 0.1,
        duplicates: 0.1,
      };
      const queue = createFakeQueue({ clock, random, faults: createFaultPlan({ seed, rates }) });
      const count = 30;
      const bodies = Array.from({ length: count }, (_, key) => ({ body: String(key % 20) }));
      for (let from = 0; from < count; from += 10) {
        await clock.settle(queue.sendBatch(bodies.slice(from, from + 10)));
      }
      const keys = new Set(queue.messages().map(({ body }) => body));
      const store = memoryStore({ clock });
      const running = new Set<number>();
      const done: number[] = [];
      const broken: string[] = [];
      const handler = async ({ body }: { readonly body: number }): Promise<Verdict> => {
        if (running.has(body) || done.includes(body)) {
          broken.push(`${body} ${running.has(body) ? 'ran twice at a time' : 'ran once it was done'}`);
        }
        running.add(body);
        await sleep(clock, random() * 8_000); // longer than the visibility timeout, and than a claim
        running.delete(body);
        if (random() < 0.1) {
          throw new Error('a failure of the test');
        }
        done.push(body);
        return ack(); // though it may have been told to end
      };
      const options = { clock, random, visibilityTimeoutMs: 2_000, retryMaxMs: 2_000, waitTimeMs: 1_000 };
      const consumers = [1, 2].map(() => {
        const once = withIdempotency<number>({
          store,
          clock,
          key: ({ body }) => String(body),
          leaseMs: 2_000,
        });
        return createConsumer<number>(queue, once(handler), options);
      });
      for (const consumer of consumers) {
        consumer.start();
      }
      for (let waited = 0; queue.messages().length > 0 && waited < 3_600; waited++) {
        await clock.advance(1_000);
      }
      await clock.settle(Promise.all(consumers.map((consumer) => consumer.stop())));
      expect(broken).toEqual([]);
      expect(queue.messages()).toEqual([]);
      expect(new Set(done.map(String))).toEqual(keys);
      expect(done).toHaveLength(keys.size);
    }),
    { numRuns: 10 },
  );
});
