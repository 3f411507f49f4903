// What becomes of a pack when its consumer dies, loses its lease or is stopped.

import type { SendEntry } from '@sqskit/core';
import { describe, expect, test } from 'vitest';
import { retry } from '../src/index.ts';
import { numbers, packing, packOf } from './packing.ts';
import { altered, counting, createScene } from './scene.ts';

describe('a consumer that dies or loses its lease in the middle of a pack', () => {
  test('between the send and the delete leaves a duplicate, never a loss', async () => {
    const scene = createScene();
    const { clock, queue, sendRaw, consume } = scene;
    await sendRaw(packOf(0, 1, 2));
    const dying = altered(queue, { deleteBatch: () => new Promise(() => undefined) });
    const handled: number[] = [];
    const first = consume(
      ({ body }) => (body === 2 ? retry({ delayMs: 60_000 }) : undefined),
      { envelope: packing() },
      dying,
    );
    first.start();
    await clock.advance(500);
    await clock.settle(first.stop({ timeoutMs: 0 }));
    expect(queue.messages()).toHaveLength(2);
    const second = consume(({ body }) => void handled.push(body), { envelope: packing() });
    second.start();
    await clock.advance(120_000);
    expect(handled).toEqual([0, 1, 2, 2]);
    expect(queue.messages()).toEqual([]);
    await clock.settle(second.stop());
  });

  test('deletes nothing, and runs only the rest when the pack comes again', async () => {
    const { clock, queue, sendRaw, consume, sleep, faults } = createScene();
    await sendRaw(packOf(...numbers(6)));
    faults.failNext('changeVisibilityBatch', { kind: 'entry-rejection', awsCode: 'ReceiptHandleIsInvalid' });
    const { runs, count } = counting();
    const consumer = consume(
      async ({ body }) => {
        count(body);
        await sleep(8_000);
      },
      { envelope: packing(), maxConcurrency: 2, visibilityTimeoutMs: 20_000 },
    );
    consumer.start();
    // Two are done after 8 s; the renewal at 10 s fails while the next two run.
    await clock.advance(19_000);
    expect(consumer.stats()).toMatchObject({ leasesLost: 1, acked: 0, running: 0, waiting: 0 });
    expect(queue.deleted).toEqual([]);
    await clock.advance(60_000);
    expect([...runs]).toEqual([
      [0, 1],
      [1, 1],
      [2, 2],
      [3, 2],
      [4, 1],
      [5, 1],
    ]);
    expect(queue.messages()).toEqual([]);
    expect(consumer.stats()).toMatchObject({ acked: 6, deleteCalls: 1 });
    await clock.settle(consumer.stop());
  });

  test('deletes a pack that comes again, and was done, without a run', async () => {
    const { clock, queue, sendRaw, consume, faults } = createScene();
    await sendRaw(packOf(0, 1, 2));
    faults.failNext('deleteBatch', { kind: 'entry-rejection' });
    const { runs, count } = counting();
    const consumer = consume(({ body }) => void count(body), { envelope: packing() });
    consumer.start();
    await clock.advance(500);
    expect(consumer.stats()).toMatchObject({ acked: 0, unsettled: 3 });
    await clock.advance(60_000);
    expect([...runs.values()]).toEqual([1, 1, 1]);
    expect(queue.messages()).toEqual([]);
    expect(consumer.stats()).toMatchObject({ acked: 3, received: 2 });
    await clock.settle(consumer.stop());
  });
});

describe('a consumer that is stopped', () => {
  test('releases what has not started of a pack, together, and deletes the pack', async () => {
    const { clock, queue, sendRaw, consume, sleep } = createScene();
    await sendRaw(packOf(...numbers(6)));
    const consumer = consume(() => sleep(1_000), {
      envelope: packing(),
      maxConcurrency: 2,
      waitTimeMs: 1_000,
    });
    consumer.start();
    await clock.advance(500);
    const report = await clock.settle(consumer.stop());
    expect(report).toMatchObject({ isClean: true, acked: 2, released: 4, unsettled: 0, abandoned: [] });
    const [left, ...others] = queue.messages();
    expect(others).toEqual([]);
    expect(left?.state).toBe('visible');
    const opened = await packing().open(left ?? { body: '' });
    expect(opened.items.map((item) => 'content' in item && [item.content, item.attempt])).toEqual(
      [2, 3, 4, 5].map((body) => [String(body), 1]),
    );
  });

  test('releases a pack as it is where nothing of it is done', async () => {
    const { clock, queue, sendRaw, consume, sleep } = createScene();
    await sendRaw(packOf(...numbers(6)));
    const envelope = packing();
    const slow = {
      ...envelope,
      open: (payload: SendEntry) => sleep(2_000).then(() => envelope.open(payload)),
    };
    const consumer = consume(() => expect.unreachable(), { envelope: slow, waitTimeMs: 1_000 });
    consumer.start();
    await clock.advance(500);
    const report = await clock.settle(consumer.stop());
    expect(report).toMatchObject({ isClean: true, released: 6 });
    expect(queue.messages()).toMatchObject([{ state: 'visible', receiveCount: 1 }]);
    expect(queue.accepted).toHaveLength(1);
  });

  test('at the end of its time releases what still runs, too, and reports its message once', async () => {
    const { clock, queue, sendRaw, consume, sleep } = createScene();
    await sendRaw(packOf(...numbers(6)));
    const consumer = consume(({ body }) => sleep(body === 0 ? 1_000 : 100_000), {
      envelope: packing(),
      maxConcurrency: 3,
      settleLingerMs: 5_000,
    });
    consumer.start();
    await clock.advance(2_000);
    const report = await clock.settle(consumer.stop({ timeoutMs: 10_000 }));
    expect(report).toMatchObject({ isClean: false, acked: 1, released: 5, unsettled: 0 });
    expect(report.abandoned).toEqual([queue.accepted[0]?.messageId]);
    expect(queue.messages()).toMatchObject([{ state: 'visible', receiveCount: 0 }]);
    const calls = queue.calls.length;
    await clock.advance(200_000);
    expect(queue.calls).toHaveLength(calls);
    expect(consumer.stats()).toMatchObject({ running: 0, waiting: 0, settling: 0 });
  });
});

test('regression: a handler that returned a verdict after the stop had the queue asked for its redrive policy', async () => {
  const { clock, queue, sendRaw, consume, sleep, createDead } = createScene();
  await sendRaw(packOf(0, 1));
  const consumer = consume<number>(() => sleep(60_000).then(() => retry()), {
    envelope: packing(),
    deadLetterQueue: createDead(),
    waitTimeMs: 1_000,
  });
  consumer.start();
  await clock.advance(2_000);
  await clock.settle(consumer.stop({ timeoutMs: 1_000 }));
  const calls = queue.calls.length;
  await clock.advance(120_000);
  expect(queue.calls).toHaveLength(calls);
  expect(clock.pendingTimers).toBe(0);
});
