// Messages of one group of a standard queue have only so many slots at a time.

import type { IncomingMessage } from '@sqskit/core';
import { describe, expect, test } from 'vitest';
import { numbers, packing, packOf } from './packing.ts';
import { createScene, type Scene } from './scene.ts';

interface Watch {
  readonly handler: (message: IncomingMessage<number>) => Promise<void>;
  /** Most handlers of a group at a time. */
  readonly most: Map<string, number>;
  /** When each message was done, by its group. */
  readonly doneAt: { readonly group: string; readonly body: number; readonly atMs: number }[];
}

function watch({ clock, sleep }: Scene, tookMs: number): Watch {
  const running = new Map<string, number>();
  const most = new Map<string, number>();
  const doneAt: Watch['doneAt'] = [];
  const add = (group: string, by: number): number => {
    const now = (running.get(group) ?? 0) + by;
    running.set(group, now);
    return now;
  };
  return {
    most,
    doneAt,
    async handler({ groupId: group = 'none', body }) {
      most.set(group, Math.max(most.get(group) ?? 0, add(group, 1)));
      await sleep(tookMs);
      add(group, -1);
      doneAt.push({ group, body, atMs: clock.monotonic() });
    },
  };
}

async function sendTo({ sendRaw }: Scene, group: string | undefined, count: number): Promise<void> {
  for (const number of numbers(count)) {
    await sendRaw({ body: String(number), groupId: group });
  }
}

describe('with maxConcurrencyPerGroup', () => {
  test('a group with much to do does not keep the slots from another that comes later', async () => {
    const scene = createScene();
    await sendTo(scene, 'noisy', 100);
    await sendTo(scene, 'quiet', 5);
    const { handler, most, doneAt } = watch(scene, 1_000);
    const consumer = scene.consume(handler, { maxConcurrency: 10, maxConcurrencyPerGroup: 4 });
    consumer.start();
    await scene.clock.advance(2_500);
    expect(doneAt.filter(({ group }) => group === 'quiet')).toHaveLength(5);
    await scene.clock.advance(30_000);
    expect(doneAt).toHaveLength(105);
    expect([...most]).toEqual([
      ['noisy', 4],
      ['quiet', 4],
    ]);
    expect(scene.queue.messages()).toEqual([]);
    await scene.clock.settle(consumer.stop());
  });

  test('it is a hard limit: a group alone gets no more, and no less', async () => {
    const scene = createScene();
    await sendTo(scene, 'alone', 40);
    const { handler, most, doneAt } = watch(scene, 1_000);
    const consumer = scene.consume(handler, { maxConcurrency: 10, maxConcurrencyPerGroup: 4 });
    consumer.start();
    await scene.clock.advance(10_500);
    expect([most.get('alone'), doneAt.length]).toEqual([4, 40]);
    await scene.clock.settle(consumer.stop());
  });

  test('messages without a group are not limited', async () => {
    const scene = createScene();
    await sendTo(scene, undefined, 20);
    const { handler, most } = watch(scene, 1_000);
    const consumer = scene.consume(handler, { maxConcurrency: 10, maxConcurrencyPerGroup: 1 });
    consumer.start();
    await scene.clock.advance(2_500);
    expect([most.get('none'), scene.queue.messages()]).toEqual([10, []]);
    await scene.clock.settle(consumer.stop());
  });

  test('what waits behind the limit is bounded, and given back by a stop', async () => {
    const scene = createScene();
    await sendTo(scene, 'noisy', 300);
    const { handler } = watch(scene, 1_000_000);
    const consumer = scene.consume(handler, {
      maxConcurrency: 5,
      prefetch: 5,
      maxConcurrencyPerGroup: 1,
      visibilityTimeoutMs: 60_000,
    });
    consumer.start();
    await scene.clock.advance(5_000);
    const { running, waiting } = consumer.stats();
    expect(running).toBe(1);
    expect(waiting).toBeGreaterThan(50);
    expect(waiting).toBeLessThanOrEqual(100);
    const report = await scene.clock.settle(consumer.stop({ timeoutMs: 1_000 }));
    expect([report.released, report.abandoned.length]).toEqual([waiting + running, 1]);
  });

  test('on a FIFO queue a group still has one slot', async () => {
    const scene = createScene({ fifo: true });
    await scene.send(10, { groups: ['g'] });
    const { handler, most } = watch(scene, 100);
    const consumer = scene.consume(handler, { maxConcurrencyPerGroup: 5 });
    consumer.start();
    await scene.clock.advance(5_000);
    expect([most.get('g'), scene.queue.messages()]).toEqual([1, []]);
    await scene.clock.settle(consumer.stop());
  });

  test('each message of a pack counts for the group of its SQS message', async () => {
    const scene = createScene();
    await scene.sendRaw({ ...packOf(...numbers(50)), groupId: 'noisy' });
    await scene.sendRaw({ ...packOf(...numbers(50)), groupId: 'noisy' });
    await scene.sendRaw({ ...packOf(...numbers(20)), groupId: 'quiet' });
    const { handler, most, doneAt } = watch(scene, 1_000);
    const consumer = scene.consume(handler, {
      maxConcurrency: 10,
      maxConcurrencyPerGroup: 4,
      envelope: packing(),
    });
    consumer.start();
    await scene.clock.advance(6_500);
    expect(doneAt.filter(({ group }) => group === 'quiet')).toHaveLength(20);
    await scene.clock.advance(20_000);
    expect(doneAt).toHaveLength(120);
    expect(doneAt.at(-1)?.atMs).toBeLessThan(25_500); // a hundred, four at a time
    expect([...most.values()]).toEqual([4, 4]);
    expect(scene.queue.messages()).toEqual([]);
    await scene.clock.settle(consumer.stop());
  });
});

test('without it the first group has all slots until it is done', async () => {
  const scene = createScene();
  await sendTo(scene, 'noisy', 100);
  await sendTo(scene, 'quiet', 5);
  const { handler, doneAt } = watch(scene, 1_000);
  const consumer = scene.consume(handler, { maxConcurrency: 10 });
  consumer.start();
  await scene.clock.advance(10_400);
  expect(doneAt.filter(({ group }) => group === 'quiet')).toEqual([]);
  await scene.clock.settle(consumer.stop());
});
