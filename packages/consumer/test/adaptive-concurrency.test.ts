import { QueueError } from '@sqskit/core';
import type { Clock } from '@sqskit/core/clock';
import { describe, expect, test } from 'vitest';
import { createSlotGovernor, resolveAdaptiveConcurrency } from '../src/adaptive-concurrency.ts';
import { type ConsumerOptions, createConsumer, type HandlerConcurrencyOptions } from '../src/index.ts';
import { createScene, type Scene } from './scene.ts';
import { meanOf } from './simulated-downstream.ts';

interface Backlog {
  readonly running: number[];
  readonly consume: (
    handler: (now: number) => Promise<void>,
    options: ConsumerOptions<number>,
  ) => ReturnType<typeof createConsumer>;
}

/** A backlog that does not end, and a handler that is told how many of it run. */
function createBacklog({ queue, clock, consume }: Scene): Backlog {
  const running: number[] = [];
  let now = 0;
  const refill = async (): Promise<void> => {
    await queue.sendBatch(Array.from({ length: 10 }, (_, index) => ({ body: String(index) })));
  };
  return {
    running,
    consume: (handler, options) =>
      consume<number>(
        async ({ body }) => {
          running.push(++now);
          try {
            await handler(now);
          } finally {
            now--;
          }
          if (body === 0) {
            await refill();
          }
        },
        { clock, prefetch: 20, ...options },
      ),
  };
}

async function backlog(scene: Scene): Promise<void> {
  for (let batch = 0; batch < 100; batch++) {
    await scene.clock.settle(
      scene.queue.sendBatch(Array.from({ length: 10 }, (_, index) => ({ body: String(index) }))),
    );
  }
}

describe('with adaptiveConcurrency', () => {
  test('there are about as many slots as what handlers call can use', async () => {
    const scene = createScene();
    const { clock, sleep } = scene;
    const { running, consume } = createBacklog(scene);
    await backlog(scene);
    const consumer = consume((now) => sleep(50 * Math.max(1, now / 8)), {
      maxConcurrency: 100,
      adaptiveConcurrency: {},
    });
    consumer.start();
    await clock.advance(60_000);
    const late = running.slice(-2_000);
    expect(meanOf(late)).toBeGreaterThan(5);
    expect(meanOf(late)).toBeLessThan(13);
    expect(consumer.stats().slots).toBeLessThan(20);
    await clock.settle(consumer.stop());
    expect([consumer.stats().slots, clock.pendingTimers]).toEqual([0, 0]);
  });

  test('errors that say so of themselves take slots away; others do not', async () => {
    const throttled = new QueueError(
      'throttled',
      'slow down',
      { operation: 'send', awsCode: 'ThrottlingException', httpStatus: 400, requestId: undefined },
      { throttled: true },
    );
    const tooMany = Object.assign(new Error('too many requests'), { status: 429 });
    const aws = Object.assign(new Error('busy'), { $metadata: { httpStatusCode: 503 } });
    const slotsAfter = async (error: Error, isOverload?: (error: unknown) => boolean): Promise<number> => {
      const scene = createScene();
      const { consume } = createBacklog(scene);
      await backlog(scene);
      const consumer = consume(
        async () => {
          await scene.sleep(50);
          throw error;
        },
        { maxConcurrency: 50, adaptiveConcurrency: { initialConcurrency: 50, isOverload } },
      );
      consumer.start();
      await scene.clock.advance(2_000);
      const { slots } = consumer.stats();
      await scene.clock.settle(consumer.stop());
      return slots;
    };
    expect([await slotsAfter(throttled), await slotsAfter(tooMany), await slotsAfter(aws)]).toEqual([
      1, 1, 1,
    ]);
    expect(await slotsAfter(new Error('bad message'))).toBe(50);
    expect(await slotsAfter(new Error('busy'), () => true)).toBe(1);
  });

  test('handlers that keep the event loop busy get fewer slots, and more when they are quick again', async () => {
    const scene = createScene();
    let blockedMs = 0;
    const clock: Clock = {
      now: () => scene.clock.now(),
      monotonic: () => scene.clock.monotonic() + blockedMs,
      setTimer: (callback, delayMs, options) => scene.clock.setTimer(callback, delayMs, options),
    };
    let isBusy = true;
    const { consume } = createBacklog(scene);
    await backlog(scene);
    const consumer = consume(
      async () => {
        await scene.sleep(100);
        blockedMs += isBusy ? 15 : 0;
      },
      {
        clock,
        maxConcurrency: 40,
        visibilityTimeoutMs: 600_000,
        adaptiveConcurrency: { initialConcurrency: 40, minConcurrency: 2, maxLoopDelayMs: 100 },
      },
    );
    consumer.start();
    await scene.clock.advance(20_000);
    const busy = consumer.stats().slots;
    expect(busy).toBeGreaterThanOrEqual(2);
    expect(busy).toBeLessThan(12);
    isBusy = false;
    await scene.clock.advance(60_000);
    expect(consumer.stats().slots).toBeGreaterThan(25);
    await scene.clock.settle(consumer.stop());
    expect(scene.clock.pendingTimers).toBe(0);
  });

  test('setMaxConcurrency is the bound above from then on', async () => {
    const scene = createScene();
    const { running, consume } = createBacklog(scene);
    await backlog(scene);
    const consumer = consume(() => scene.sleep(50), { maxConcurrency: 30, adaptiveConcurrency: {} });
    consumer.start();
    await scene.clock.advance(20_000);
    expect(consumer.stats().slots).toBeGreaterThan(20);
    consumer.setMaxConcurrency(5);
    expect(consumer.stats().slots).toBe(5);
    await scene.clock.advance(1_000);
    running.length = 0;
    await scene.clock.advance(5_000);
    expect(Math.max(...running)).toBeLessThanOrEqual(5);
    await scene.clock.settle(consumer.stop());
  });

  test.each([
    [
      { minConcurrency: 6 },
      'expected `minConcurrency` to be at most `maxConcurrency`, which is 5, received 6',
    ],
    [
      { initialConcurrency: 8 },
      'expected `initialConcurrency` to be at most `maxConcurrency`, which is 5, received 8',
    ],
    [
      { minConcurrency: 4, initialConcurrency: 3 },
      'expected `minConcurrency` to be at most `initialConcurrency`, which is 3, received 4',
    ],
  ])('of five slots at most, %j is an error', (adaptiveConcurrency, message) => {
    const { queue } = createScene();
    const make = (): unknown =>
      createConsumer(queue, () => undefined, { maxConcurrency: 5, adaptiveConcurrency });
    expect(make).toThrow(`[option-invalid] adaptiveConcurrency: ${message}`);
  });

  test('where it begins is within the bounds, unless it is said', () => {
    expect(slotsAtFirst({}, 5)).toBe(5);
    expect(slotsAtFirst({ minConcurrency: 20 }, 50)).toBe(20);
    expect(slotsAtFirst({ initialConcurrency: 50 }, 50)).toBe(50);
  });
});

function slotsAtFirst(adaptiveConcurrency: HandlerConcurrencyOptions, maxConcurrency: number): number {
  const { clock } = createScene();
  const resolved = resolveAdaptiveConcurrency(adaptiveConcurrency, maxConcurrency);
  return createSlotGovernor({ ...resolved, maxConcurrency, clock, onMore: () => undefined }).max;
}

test('without it slots are as many as maxConcurrency says', async () => {
  const scene = createScene();
  const consumer = scene.consume(() => undefined, { maxConcurrency: 7 });
  consumer.start();
  expect(consumer.stats().slots).toBe(7);
  await scene.clock.settle(consumer.stop());
});
