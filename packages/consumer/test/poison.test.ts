// A message that always fails ends in the dead-letter queue, packed or not.

import { createFakeQueue, type FakeQueue } from '@sqskit/testing';
import { describe, expect, test } from 'vitest';
import { deadLetterReasonAttribute, retry } from '../src/index.ts';
import { numbers, packing, packOf } from './packing.ts';
import { altered, counting, createScene, type Scene } from './scene.ts';

describe('a message that would be retried for ever', () => {
  const maxReceiveCount = 3;

  function poisoned(scene: Scene, dead: FakeQueue, queue = scene.queue) {
    const { runs, count } = counting();
    const reports: string[] = [];
    const consumer = scene.consume(
      ({ body }) => {
        count(body);
        if (body === 17) {
          throw new Error('poison');
        }
      },
      {
        envelope: packing(),
        deadLetterQueue: dead,
        retryMaxMs: 5_000,
        logger: { debug: () => undefined, warn: (text) => reports.push(text), error: () => undefined },
      },
      queue,
    );
    return { runs, consumer, reports };
  }

  /** A queue with a redrive policy, in a scene of its own. */
  function redriven() {
    const scene = createScene();
    const dead = scene.createDead();
    const queue = createFakeQueue({ clock: scene.clock, deadLetterQueue: dead, maxReceiveCount });
    return { scene, dead, queue };
  }

  test('and was in a pack reaches the dead-letter queue after as many runs as the queue allows', async () => {
    const { scene, dead, queue } = redriven();
    await scene.clock.settle(queue.sendBatch([packOf(...numbers(50))]));
    const { runs, consumer } = poisoned(scene, dead, queue);
    consumer.start();
    await scene.clock.advance(120_000);
    expect([...runs]).toEqual(numbers(50).map((body) => [body, body === 17 ? maxReceiveCount : 1]));
    expect(dead.messages()).toMatchObject([
      {
        body: '17',
        attributes: { [deadLetterReasonAttribute]: { value: expect.stringContaining('3 times') } },
      },
    ]);
    expect(queue.messages()).toEqual([]);
    expect(queue.deadLettered).toEqual([]); // not by the queue's own hand
    expect(queue.calls.filter(({ verb }) => verb === 'describe')).toHaveLength(1);
    expect(consumer.stats()).toMatchObject({ acked: 49, deadLettered: 1 });
    await scene.clock.settle(consumer.stop());
  });

  test('does so too where it fails a last time as one of a pack', async () => {
    const { scene, dead, queue } = redriven();
    await scene.clock.settle(queue.sendBatch([packOf(0, { content: '17', attempt: 2 })]));
    const { runs, consumer } = poisoned(scene, dead, queue);
    consumer.start();
    await scene.clock.advance(1_000);
    expect([...runs.values()]).toEqual([1, 1]);
    expect(dead.messages()).toMatchObject([{ body: '17' }]);
    await scene.clock.settle(consumer.stop());
  });

  test('is left to the redrive policy where the queue does not tell it; that is said once', async () => {
    const { scene, dead, queue } = redriven();
    await scene.clock.settle(queue.sendBatch([packOf(0, 17), packOf(1, 17)]));
    const silent = altered(queue, { describe: () => Promise.reject(new Error('AccessDenied')) });
    const { runs, consumer, reports } = poisoned(scene, dead);
    const left = scene.consume(
      ({ body }) => {
        if (body === 17) {
          throw new Error('poison');
        }
      },
      {
        envelope: packing(),
        deadLetterQueue: dead,
        retryMaxMs: 5_000,
        logger: { debug: () => undefined, warn: (text) => reports.push(text), error: () => undefined },
      },
      silent,
    );
    left.start();
    await scene.clock.advance(200_000);
    expect(runs.size).toBe(0);
    expect(consumer.stats().received).toBe(0);
    expect(dead.messages()).toHaveLength(2);
    expect(queue.deadLettered).toHaveLength(2);
    expect(reports.filter((text) => text.includes('redrive policy'))).toHaveLength(1);
    await scene.clock.settle(left.stop());
  });

  test('is left to the redrive policy where there is no dead-letter queue of the consumer’s', async () => {
    const { scene, dead, queue } = redriven();
    await scene.clock.settle(queue.sendBatch([packOf(0, 17)]));
    const { runs, count } = counting();
    const consumer = scene.consume(
      ({ body }) => (count(body) > 0 && body === 17 ? retry() : undefined),
      {
        envelope: packing(),
        retryMaxMs: 5_000,
      },
      queue,
    );
    consumer.start();
    await scene.clock.advance(200_000);
    expect([...runs]).toEqual([
      [0, 1],
      [17, 1 + maxReceiveCount],
    ]);
    expect(dead.messages()).toHaveLength(1);
    expect(queue.calls.filter(({ verb }) => verb === 'describe')).toEqual([]);
    await scene.clock.settle(consumer.stop());
  });

  test('is dead-lettered at `maxReceiveCount`, whatever it came in, and the queue is not asked', async () => {
    const scene = createScene();
    const { clock, queue, sendRaw, consume } = scene;
    const dead = scene.createDead();
    await sendRaw({ body: '17' });
    await sendRaw(packOf(0, 17));
    const { runs, count } = counting();
    const consumer = consume(
      ({ body }) => (count(body) > 0 && body === 17 ? retry({ delayMs: 1_000 }) : undefined),
      {
        envelope: packing(),
        deadLetterQueue: dead,
        maxReceiveCount: 2,
      },
    );
    consumer.start();
    await clock.advance(60_000);
    expect([...runs]).toEqual([
      [17, 4],
      [0, 1],
    ]);
    expect(dead.messages().map(({ body }) => body)).toEqual(['17', '17']);
    expect(queue.calls.filter(({ verb }) => verb === 'describe')).toEqual([]);
    await clock.settle(consumer.stop());
  });

  test('is left to the redrive policy where the queue does not answer; it is asked again a minute later', async () => {
    const { scene, dead, queue } = redriven();
    let asked = 0;
    const silent = altered(queue, {
      describe: () => (++asked === 1 ? new Promise(() => undefined) : queue.describe()),
    });
    await scene.clock.settle(queue.sendBatch([packOf(0, 17)]));
    const consumer = scene.consume(
      ({ body }) => (body === 17 ? retry({ delayMs: 1_000 }) : undefined),
      { envelope: packing(), deadLetterQueue: dead },
      silent,
    );
    consumer.start();
    await scene.clock.advance(5_500);
    expect([asked, queue.messages().length]).toEqual([1, 1]);
    await scene.clock.advance(30_000);
    expect(queue.deadLettered).toHaveLength(1);
    await scene.clock.advance(60_000);
    await scene.clock.settle(queue.sendBatch([packOf({ content: '17', attempt: 2 }, 0)]));
    await scene.clock.advance(5_000);
    expect(asked).toBe(2);
    expect(dead.messages()).toHaveLength(2);
    await scene.clock.settle(consumer.stop());
  });

  test('and a question about it do not outlive a stop', async () => {
    const { scene, dead, queue } = redriven();
    const silent = altered(queue, { describe: () => new Promise(() => undefined) });
    await scene.clock.settle(queue.sendBatch([packOf(0, 17)]));
    const consumer = scene.consume(
      ({ body }) => (body === 17 ? retry({ delayMs: 1_000 }) : undefined),
      { envelope: packing(), deadLetterQueue: dead },
      silent,
    );
    consumer.start();
    await scene.clock.advance(100);
    await scene.clock.settle(consumer.stop({ timeoutMs: 0 }));
    await scene.clock.flush();
    expect(scene.clock.pendingTimers).toBe(0);
    expect(consumer.stats().running).toBe(0);
  });
});
