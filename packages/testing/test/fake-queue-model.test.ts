import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createFakeClock, createFakeQueue, createFaultPlan, createRandom } from '../src/index.ts';
import { Driver, groups, step } from './queue-driver.ts';

const kinds = [
  ['a standard queue', false, false],
  ['a standard queue in random order', false, true],
  ['a FIFO queue', true, false],
] as const;

describe('whatever is done with it', () => {
  test.each(kinds)(
    '%s keeps every message until it is deleted or dead, and leases it to one at a time',
    {
      timeout: 30_000,
    },
    async (_, fifo, isRandom) => {
      const runs = fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
        const driver = new Driver(fifo, isRandom);
        for (const next of steps) {
          await driver.take(next);
        }
        await driver.end();
        expect(await driver.clock.settle(driver.queue.depth())).toMatchObject({ inFlight: 0, delayed: 0 });
      });
      await expect(fc.assert(runs, { numRuns: 60 })).resolves.toBeUndefined();
    },
  );

  test('a FIFO queue gives back what is left in order', { timeout: 30_000 }, async () => {
    const runs = fc.asyncProperty(fc.array(step, { maxLength: 30 }), async (steps) => {
      const driver = new Driver(true, false);
      for (const next of steps) {
        await driver.take(next);
      }
      await driver.end();
      const left = driver.queue.messages().map(({ body }) => Number(body));
      const drained: number[] = [];
      for (;;) {
        const messages = await driver.clock.settle(driver.queue.receive({ maxMessages: 10, waitTimeMs: 0 }));
        if (messages.length === 0) {
          break;
        }
        drained.push(...messages.map(({ body }) => Number(body)));
        const handles = messages.map(({ receiptHandle }) => receiptHandle);
        await driver.clock.settle(driver.queue.deleteBatch(handles));
      }
      const isDead = new Set(driver.queue.deadLettered.map(({ body }) => Number(body)));
      for (let group = 0; group < groups; group++) {
        const ofGroup = (number: number): boolean => number % groups === group && !isDead.has(number);
        expect(drained.filter(ofGroup)).toEqual(left.filter(ofGroup));
      }
    });
    await expect(fc.assert(runs, { numRuns: 40 })).resolves.toBeUndefined();
  });
});

test('a run with faults is the same again with the same seed', async () => {
  const run = async (): Promise<unknown> => {
    const clock = createFakeClock();
    const rates = { entryFailures: 0.1, throttles: 0.1, lostReplies: 0.1, slowReplies: 0.3, duplicates: 0.1 };
    const faults = createFaultPlan({ seed: 11, rates });
    const queue = createFakeQueue({ clock, faults, latencyMs: 7, random: createRandom(11) });
    for (let round = 0; round < 30; round++) {
      void queue.sendBatch([{ body: `${round}a` }, { body: `${round}b` }]);
      void queue
        .receive({ maxMessages: 3, waitTimeMs: 2_000 })
        .then((messages) => queue.deleteBatch(messages.map(({ receiptHandle }) => receiptHandle)))
        .catch(() => undefined);
      await clock.advance(100);
    }
    await clock.advance(60_000);
    return [queue.calls, queue.accepted, queue.deleted, queue.messages(), queue.injectedFaults];
  };
  expect(await run()).toEqual(await run());
});
