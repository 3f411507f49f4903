// What handlers need goes down: with a breaker, messages do not use up their receives meanwhile.

import type { Verdict } from '@sqskit/core';
import { createFakeQueue, type FakeQueue } from '@sqskit/testing';
import { describe, expect, test } from 'vitest';
import { type BreakerChange, type ConsumerOptions, createConsumer, release, retry } from '../src/index.ts';
import { numbers, packing, packOf } from './packing.ts';
import { createScene, deadUrl, type Scene } from './scene.ts';

interface Outage extends Scene {
  readonly dead: ReturnType<typeof createFakeQueue>;
  readonly done: Set<number>;
  readonly changes: BreakerChange[];
  /** Fails while it is down; calls that come then are counted. */
  readonly downstream: { isDown: boolean; calls: number };
  readonly handler: (message: { readonly body: number }) => Promise<void>;
  readonly options: ConsumerOptions<number>;
}

function createOutage({ fifo = false } = {}): Outage {
  const scene = createScene({ fifo });
  const dead = scene.createDead();
  const done = new Set<number>();
  const changes: BreakerChange[] = [];
  const downstream = { isDown: false, calls: 0 };
  return {
    ...scene,
    dead,
    done,
    changes,
    downstream,
    async handler({ body }) {
      await scene.sleep(50);
      if (downstream.isDown) {
        downstream.calls++;
        throw new Error('the database is down');
      }
      done.add(body);
    },
    options: {
      deadLetterQueue: dead,
      maxReceiveCount: 3,
      retryMaxMs: 2_000,
      breaker: { onChange: (change) => changes.push(change) },
    },
  };
}

const tenMinutes = 600_000;

/** 300 messages, of which a third is done before ten minutes of outage begin. */
async function outage(scene: Outage, options: ConsumerOptions<number>): Promise<void> {
  const { send, consume, clock, queue, downstream, handler } = scene;
  await send(100);
  const consumer = consume(handler, { ...scene.options, ...options });
  consumer.start();
  await clock.advance(5_000);
  downstream.isDown = true;
  await send(200);
  await clock.advance(tenMinutes);
  downstream.isDown = false;
  await clock.advance(2 * 60_000);
  expect(queue.messages()).toEqual([]);
  await clock.settle(consumer.stop());
}

describe('ten minutes of outage, with a queue whose messages may be received three times', () => {
  test('without a breaker dead-letter all that is in the queue', async () => {
    const scene = createOutage();
    await outage(scene, { breaker: undefined });
    expect([scene.done.size, scene.dead.messages().length]).toEqual([100, 200]);
  });

  test.each<readonly [string, ConsumerOptions<number>]>([
    ['as it comes', {}],
    ['of one slot and without prefetch', { maxConcurrency: 1, prefetch: 0 }],
    ['of many slots', { maxConcurrency: 100, prefetch: 100 }],
    ['with more probes', { breaker: { probes: 5, maxOpenMs: 20_000 } }],
  ])('with one dead-letter none: a consumer %s', async (_, options) => {
    const scene = createOutage();
    await outage(scene, options);
    expect([scene.done.size, scene.dead.messages()]).toEqual([300, []]);
  });

  test('cost the down service a call now and then', async () => {
    const scene = createOutage();
    await outage(scene, {});
    expect(scene.downstream.calls).toBeLessThan(50); // of 200 messages, three times each without
    expect(scene.changes.filter(({ to }) => to === 'open').length).toBeLessThanOrEqual(25);
  });

  test('keep the order of FIFO groups', async () => {
    const scene = createOutage({ fifo: true });
    const { send, consume, clock, queue, downstream, handler, done } = scene;
    const dead = createFakeQueue({ clock, url: `${deadUrl}.fifo` });
    downstream.isDown = true;
    await send(40, { groups: ['a', 'b', 'c', 'd'] });
    const options = { ...scene.options, deadLetterQueue: dead, breaker: { minRuns: 1, windowRuns: 1 } };
    const consumer = consume(handler, options);
    consumer.start();
    await clock.advance(tenMinutes);
    expect(done.size).toBe(0);
    downstream.isDown = false;
    await clock.advance(90_000);
    expect([...done].filter((number) => number % 4 === 0)).toEqual(numbers(10).map((index) => index * 4));
    expect([done.size, queue.messages(), dead.messages()]).toEqual([40, [], []]);
    await clock.settle(consumer.stop());
  });
});

test('while it is open nothing is received or started, what is in hand keeps its lease, and is given back by a stop', async () => {
  const { send, consume, clock, queue, downstream, handler, options, calls } = createOutage();
  downstream.isDown = true;
  await send(60);
  const consumer = consume(handler, {
    ...options,
    prefetch: 10,
    breaker: { openMs: 300_000, maxOpenMs: 300_000 },
  });
  consumer.start();
  await clock.advance(1_000);
  const receives = calls('receive').length;
  const failures = downstream.calls;
  await clock.advance(120_000);
  expect([calls('receive').length, downstream.calls]).toEqual([receives, failures]);
  const stats = consumer.stats();
  expect(stats).toMatchObject({ breaker: 'open', breakerOpenings: 1, running: 0, leasesLost: 0 });
  expect(stats.waiting).toBeGreaterThan(5);
  expect(stats.queues).toMatchObject([{ running: 0, waiting: stats.waiting }]);
  const report = await clock.settle(consumer.stop());
  expect(report.isClean).toBe(true);
  expect(report.released + report.retried).toBe(stats.waiting);
  expect(queue.messages()).toHaveLength(60);
  expect(consumer.stats().breaker).toBeUndefined();
  expect(clock.pendingTimers).toBe(0);
});

test('messages that always fail keep it from closing for a few probes each', async () => {
  const scene = createOutage();
  const { send, consume, clock, done, changes } = scene;
  await send(4);
  const consumer = consume<number>(
    async ({ body }) => {
      await scene.sleep(50);
      if (body < 3) {
        throw new Error('bad message');
      }
      done.add(body);
    },
    {
      ...scene.options,
      maxConcurrency: 1,
      breaker: { minRuns: 1, windowRuns: 1, openMs: 1_000, onChange: (change) => changes.push(change) },
    },
  );
  consumer.start();
  await clock.advance(tenMinutes);
  expect([...done]).toEqual([3]);
  await clock.advance(3 * tenMinutes);
  expect(scene.dead.messages()).toHaveLength(3);
  await clock.settle(consumer.stop());
});

test('verdicts of retry and release are neither success nor failure, and what cannot be read does not count', async () => {
  const scene = createOutage();
  const { send, sendRaw, consume, clock } = scene;
  await send(20);
  for (const body of ['{', '{', '{']) {
    await sendRaw({ body });
  }
  const decide = async ({ body }: { readonly body: number }): Promise<Verdict> => {
    await scene.sleep(50);
    return body % 2 === 0 ? retry() : release();
  };
  const consumer = consume(decide, {
    ...scene.options,
    maxReceiveCount: undefined,
    breaker: { minRuns: 1, windowRuns: 1 },
  });
  consumer.start();
  await clock.advance(10_000);
  expect(consumer.stats()).toMatchObject({ breaker: 'closed', breakerOpenings: 0 });
  await clock.settle(consumer.stop());
});

test('a handler that ends after its time was up has failed', async () => {
  const scene = createOutage();
  const { send, consume, clock } = scene;
  await send(3);
  const consumer = consume<number>((_message, { signal }) => scene.sleep(60_000, signal), {
    ...scene.options,
    handlerTimeoutMs: 1_000,
    breaker: { minRuns: 3 },
  });
  consumer.start();
  await clock.advance(1_500);
  expect(consumer.stats()).toMatchObject({ breaker: 'open', handlerTimeouts: 3 });
  await clock.settle(consumer.stop());
});

test('messages of a pack that fail while it is open wait in the pack', async () => {
  const scene = createOutage();
  const { sendRaw, consume, clock, queue, downstream, handler, done, options } = scene;
  downstream.isDown = true;
  await sendRaw(packOf(...numbers(30)));
  const consumer = consume(handler, {
    ...options,
    envelope: packing(),
    breaker: { minRuns: 1, windowRuns: 1 },
  });
  consumer.start();
  await clock.advance(60_000);
  downstream.isDown = false;
  await clock.advance(120_000);
  expect([done.size, queue.messages()]).toEqual([30, []]);
  await clock.settle(consumer.stop());
});

test('a lease that is lost while a message waits for its turn leaves nothing behind', async () => {
  const scene = createOutage();
  const { send, consume, clock, queue, faults, downstream, handler, options, done } = scene;
  downstream.isDown = true;
  await send(5);
  const consumer = consume(handler, {
    ...options,
    maxReceiveCount: 10,
    breaker: { minRuns: 1, windowRuns: 1 },
  });
  consumer.start();
  await clock.advance(1_000);
  faults.failNext('changeVisibilityBatch', { kind: 'unavailable' }, { times: Infinity });
  await clock.advance(40_000);
  expect(consumer.stats().leasesLost).toBeGreaterThan(0);
  faults.clear();
  downstream.isDown = false;
  await clock.advance(5 * 60_000);
  expect([done.size, queue.messages()]).toEqual([5, []]);
  await clock.settle(consumer.stop());
  expect(consumer.stats()).toMatchObject({ running: 0, waiting: 0, settling: 0 });
});

test('of several queues, of which some are empty, one that has messages gets a probe too', async () => {
  const { clock, downstream, handler, options, done } = createOutage();
  const create = (name: string): FakeQueue =>
    createFakeQueue({ clock, url: `https://sqs.us-east-1.amazonaws.com/123456789012/${name}` });
  const last = create('three');
  const consumer = createConsumer([create('one'), create('two'), last], handler, {
    ...options,
    clock,
    random: () => 0.5,
    breaker: { minRuns: 1, windowRuns: 1 },
    maxConcurrency: 1,
    prefetch: 2,
    retryMaxMs: 1_000,
    maxReceiveCount: 100,
  });
  downstream.isDown = true;
  await clock.settle(last.sendBatch([{ body: '1' }, { body: '2' }]));
  consumer.start();
  await clock.advance(10 * 60_000);
  downstream.isDown = false;
  await clock.advance(120_000);
  expect([done.size, consumer.stats().breaker]).toEqual([2, 'closed']);
  await clock.settle(consumer.stop());
});

test('regression: a handler that ran on since before the breaker opened kept it from probing', async () => {
  const { clock, queue, send, consume, sleep } = createScene();
  await send(5);
  const consumer = consume<number>(
    async ({ body }) => {
      if (body === 0) {
        await sleep(3_600_000);
      } else if (clock.monotonic() < 1_200_000) {
        throw new Error('down');
      }
    },
    { maxConcurrency: 5, prefetch: 0, waitTimeMs: 500, breaker: { minRuns: 2 } },
  );
  consumer.start();
  await clock.advance(3_000_000); // so long that all four others have failed too often to be kept
  expect(consumer.stats()).toMatchObject({ breaker: 'closed', running: 1 });
  expect(queue.messages()).toHaveLength(1);
  await clock.settle(consumer.stop({ timeoutMs: 1_000 }));
});

test('regression: a probe that its time-out did not end kept the consumer from receiving for ever', async () => {
  const { clock, queue, send, consume, sleep } = createScene();
  await send(30);
  const consumer = consume(
    async () => {
      if (clock.monotonic() < 3_000) {
        throw new Error('down');
      }
      await (clock.monotonic() < 30_000 ? sleep(3_600_000) : undefined);
    },
    { maxConcurrency: 5, prefetch: 0, waitTimeMs: 500, breaker: { minRuns: 2 }, handlerTimeoutMs: 10_000 },
  );
  consumer.start();
  await clock.advance(600_000);
  expect(consumer.stats()).toMatchObject({ breaker: 'closed' });
  expect(queue.messages().length).toBeLessThan(5); // those whose handlers go on
  await clock.settle(consumer.stop({ timeoutMs: 1_000 }));
  expect(clock.pendingTimers).toBeLessThan(5); // the handlers' own
});
