// On a FIFO queue a pack is one message, and what is in it runs in order.

import { createFakeQueue } from '@sqskit/testing';
import { describe, expect, test } from 'vitest';
import { deadLetter } from '../src/index.ts';
import { packing, packOf } from './packing.ts';
import { altered, counting, createScene, deadUrl } from './scene.ts';

describe('a pack on a FIFO queue', () => {
  const grouped = { groupId: 'g', deduplicationId: 'd' };

  test('runs in order, one at a time, and none after one that failed; what was done is not run again', async () => {
    const { clock, queue, sendRaw, consume, sleep } = createScene({ fifo: true });
    await sendRaw({ ...packOf(1, 2, 3, 4), ...grouped });
    await sendRaw({ body: '5', groupId: 'g', deduplicationId: 'e' });
    const seen: number[] = [];
    const consumer = consume(
      async ({ body }) => {
        expect(consumer.stats().running).toBe(1);
        seen.push(body);
        await sleep(10 - body);
        if (body === 3 && seen.length === 3) {
          throw new Error('the first time');
        }
      },
      { envelope: packing() },
    );
    consumer.start();
    await clock.advance(5_000);
    expect(seen).toEqual([1, 2, 3, 3, 4, 5]);
    expect(queue.messages()).toEqual([]);
    expect(queue.accepted).toHaveLength(2);
    expect(consumer.stats()).toMatchObject({ acked: 5, retried: 2, sendCalls: 0 });
    await clock.settle(consumer.stop());
  });

  test('goes on when one of it is moved to the dead-letter queue, and not before', async () => {
    const scene = createScene({ fifo: true });
    const { clock, queue, sendRaw, consume } = scene;
    const deadLetterQueue = createFakeQueue({ clock, url: `${deadUrl}.fifo`, latencyMs: 1_000 });
    await sendRaw({ ...packOf(1, 2, 3), ...grouped });
    const seen: unknown[] = [];
    const consumer = consume(
      ({ body }) => {
        seen.push([body, deadLetterQueue.accepted.length]);
        return body === 2 ? deadLetter('no') : undefined;
      },
      { envelope: packing(), deadLetterQueue },
    );
    consumer.start();
    await clock.advance(5_000);
    expect(seen).toEqual([
      [1, 0],
      [2, 0],
      [3, 1],
    ]);
    expect(deadLetterQueue.messages()).toMatchObject([{ body: '2', groupId: 'g' }]);
    expect(queue.messages()).toEqual([]);
    expect(consumer.stats()).toMatchObject({ acked: 2, deadLettered: 1 });
    await clock.settle(consumer.stop());
  });

  test('waits where the dead-letter queue does not take one of it', async () => {
    const scene = createScene({ fifo: true });
    const { clock, queue, sendRaw, consume } = scene;
    const dead = createFakeQueue({ clock, url: `${deadUrl}.fifo` });
    const deadLetterQueue = altered(dead, { sendBatch: () => Promise.reject(new Error('down')) });
    await sendRaw({ ...packOf(1, 2, 3), ...grouped });
    const seen: number[] = [];
    const consumer = consume(
      ({ body }) => {
        seen.push(body);
        return body === 2 ? deadLetter('no') : undefined;
      },
      { envelope: packing(), deadLetterQueue, retryBaseMs: 60_000, random: () => 0.9 },
    );
    consumer.start();
    await clock.advance(5_000);
    expect(seen).toEqual([1, 2]);
    expect(queue.messages()).toMatchObject([{ state: 'in-flight' }]);
    await clock.settle(consumer.stop());
  });

  test('is released as a whole when the consumer stops, after the one that runs', async () => {
    const { clock, queue, sendRaw, consume, sleep } = createScene({ fifo: true });
    await sendRaw({ ...packOf(1, 2, 3, 4, 5, 6), ...grouped });
    const { runs, count } = counting();
    const consumer = consume(
      async ({ body }) => {
        count(body);
        await sleep(1_000);
      },
      { envelope: packing(), maxConcurrency: 2, waitTimeMs: 1_000 },
    );
    consumer.start();
    await clock.advance(500);
    const report = await clock.settle(consumer.stop());
    expect(report).toMatchObject({ isClean: true, released: 5, acked: 0 });
    expect([...runs.keys()]).toEqual([1]);
    expect(queue.messages()).toMatchObject([{ state: 'visible' }]);
  });
});
