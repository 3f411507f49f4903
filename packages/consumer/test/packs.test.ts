// An SQS message may open into several messages, or into some that cannot be read.

import { type Envelope, isQueueError, type Opened, QueueError } from '@sqskit/core';
import { describe, expect, test } from 'vitest';
import { deadLetter, release, retry } from '../src/index.ts';
import { createScene } from './scene.ts';

/** Bodies are comma-separated contents; `!` is one that is broken. */
function commaSeparated(deleted?: () => Promise<void>): Envelope {
  return {
    maxItems: 100,
    seal: ([item, ...others]) => ({
      payload: { body: [item, ...others].map(({ content }) => String(content)).join(',') },
      taken: 1 + others.length,
    }),
    async open({ body }): Promise<Opened> {
      await Promise.resolve();
      const items = body
        .split(',')
        .filter((part) => part !== '')
        .map((part, index) =>
          part === '!'
            ? { error: new QueueError('decode-failed', 'broken', {}) }
            : { id: `${part}#${index}`, content: part, attributes: {}, attempt: index },
        );
      return deleted === undefined ? { items } : { items, deleted };
    },
  };
}

describe('a message with several in it', () => {
  test('runs each by its own id and count, and is deleted when all are done', async () => {
    const { clock, queue, sendRaw, consume } = createScene();
    await sendRaw({ body: '1,2,3' });
    const seen: unknown[] = [];
    const consumer = consume(
      ({ id, body, receiveCount }) => {
        seen.push([id, body, receiveCount]);
      },
      { envelope: commaSeparated() },
    );
    consumer.start();
    await clock.advance(1_000);
    expect(seen).toEqual([
      ['1#0', 1, 1],
      ['2#1', 2, 2],
      ['3#2', 3, 3],
    ]);
    expect(queue.messages()).toEqual([]);
    expect(consumer.stats().acked).toBe(1);
    await clock.settle(consumer.stop());
  });

  test('shares the slots with other messages and never exceeds them', async () => {
    const { clock, queue, sendRaw, consume, sleep } = createScene();
    await sendRaw({ body: Array.from({ length: 30 }, (_, index) => index).join(',') });
    await sendRaw({ body: '100' });
    let running = 0;
    let most = 0;
    const consumer = consume(
      async () => {
        most = Math.max(most, ++running);
        await sleep(100);
        running--;
      },
      { envelope: commaSeparated(), maxConcurrency: 4 },
    );
    consumer.start();
    await clock.advance(850);
    expect(most).toBe(4);
    expect(queue.messages()).toEqual([]);
    expect(consumer.stats().running).toBe(0);
    await clock.settle(consumer.stop());
  });

  test('comes again when any of them failed', async () => {
    const { clock, queue, sendRaw, consume, errors } = createScene();
    await sendRaw({ body: '1,!,x,4' });
    const consumer = consume(() => undefined, { envelope: commaSeparated() });
    consumer.start();
    await clock.advance(500);
    expect(queue.messages()).toMatchObject([{ state: 'in-flight', receiveCount: 1 }]);
    expect(errors).toHaveLength(2);
    expect(errors.every(({ error }) => isQueueError(error, 'decode-failed'))).toBe(true);
    expect(consumer.stats()).toMatchObject({ retried: 1, acked: 0, running: 0 });
    await clock.settle(consumer.stop());
  });

  test('is settled by the most cautious of the verdicts', async () => {
    const { clock, sendRaw, consume, calls } = createScene();
    await sendRaw({ body: '0,1,2' });
    const verdicts = [deadLetter('no'), retry({ delayMs: 50_000 }), release()];
    const consumer = consume(({ body }) => verdicts[body], { envelope: commaSeparated() });
    consumer.start();
    await clock.advance(500);
    expect(calls('changeVisibilityBatch')[0]?.given[0]?.visibilityTimeoutMs).toBe(50_000);
    await clock.settle(consumer.stop());
  });

  test('on a FIFO queue runs them in order, one at a time, and none after one that failed', async () => {
    const { clock, queue, sendRaw, consume, sleep } = createScene({ fifo: true });
    await sendRaw({ body: '1,2,3,4', groupId: 'g', deduplicationId: 'd' });
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
      { envelope: commaSeparated() },
    );
    consumer.start();
    await clock.advance(5_000);
    expect(seen).toEqual([1, 2, 3, 1, 2, 3, 4]);
    expect(queue.messages()).toEqual([]);
    await clock.settle(consumer.stop());
  });

  test.each([
    [false, 2],
    [true, 1],
  ])('starts no more of them once the consumer stops, and is released (FIFO: %s)', async (fifo, started) => {
    const { clock, queue, sendRaw, consume, sleep } = createScene({ fifo });
    await sendRaw({ body: '1,2,3,4,5,6', ...(fifo ? { groupId: 'g', deduplicationId: 'd' } : {}) });
    let runs = 0;
    const consumer = consume(
      async () => {
        runs++;
        await sleep(1_000);
      },
      { envelope: commaSeparated(), maxConcurrency: 2, waitTimeMs: 1_000 },
    );
    consumer.start();
    await clock.advance(500);
    const report = await clock.settle(consumer.stop());
    expect(runs).toBe(started);
    expect(report).toMatchObject({ isClean: true, released: 1, acked: 0 });
    expect(queue.messages()).toMatchObject([{ state: 'visible' }]);
  });

  test('starts no more of them once its lease is lost', async () => {
    const { clock, sendRaw, consume, sleep, faults } = createScene();
    await sendRaw({ body: '1,2,3,4,5,6' });
    faults.failNext('changeVisibilityBatch', { kind: 'entry-rejection', awsCode: 'ReceiptHandleIsInvalid' });
    let runs = 0;
    const consumer = consume(
      async () => {
        runs++;
        await sleep(12_000);
      },
      { envelope: commaSeparated(), maxConcurrency: 2, visibilityTimeoutMs: 20_000, waitTimeMs: 1_000 },
    );
    consumer.start();
    await clock.advance(5_000);
    consumer.pause();
    await clock.advance(60_000);
    expect(runs).toBe(2);
    expect(consumer.stats()).toMatchObject({ leasesLost: 1, running: 0 });
    await clock.settle(consumer.stop());
  });

  test('that turns out to be empty is deleted', async () => {
    const { clock, queue, sendRaw, consume } = createScene();
    await sendRaw({ body: ',' });
    const consumer = consume(() => expect.unreachable(), { envelope: commaSeparated() });
    consumer.start();
    await clock.advance(500);
    expect(queue.messages()).toEqual([]);
    await clock.settle(consumer.stop());
  });
});

describe('an envelope', () => {
  test('is told when SQS has deleted the message, and not before', async () => {
    const { clock, queue, sendRaw, consume, faults, errors } = createScene();
    await sendRaw({ body: '1' });
    faults.failNext('deleteBatch', { kind: 'unavailable' });
    const left: number[] = [];
    const cleanUp = (): Promise<void> => {
      left.push(queue.messages().length);
      return Promise.reject(new Error('the clean-up failed'));
    };
    const consumer = consume(() => undefined, { envelope: commaSeparated(cleanUp) });
    consumer.start();
    await clock.advance(2_000);
    expect(left).toEqual([0]);
    expect(errors).toMatchObject([{ context: { during: 'settle' } }]);
    expect(consumer.stats().settling).toBe(0);
    await clock.settle(consumer.stop());
  });

  test('that is still opening a message when the consumer stops has it released unstarted', async () => {
    const { clock, queue, send, consume, sleep } = createScene();
    await send(2);
    const slow: Envelope = {
      ...commaSeparated(),
      open: (payload) => sleep(2_000).then(() => commaSeparated().open(payload)),
    };
    const consumer = consume(() => expect.unreachable(), { envelope: slow, waitTimeMs: 1_000 });
    consumer.start();
    await clock.advance(500);
    const report = await clock.settle(consumer.stop());
    expect(report).toMatchObject({ isClean: true, released: 2 });
    expect(queue.messages().map(({ state }) => state)).toEqual(['visible', 'visible']);
  });

  test('that throws fails its message alone', async () => {
    const { clock, queue, send, consume, errors } = createScene();
    await send(3);
    const fragile: Envelope = {
      ...commaSeparated(),
      open(payload) {
        if (payload.body === '1') {
          throw new TypeError('cannot');
        }
        return commaSeparated().open(payload);
      },
    };
    const consumer = consume(() => undefined, { envelope: fragile });
    consumer.start();
    await clock.advance(500);
    expect(queue.messages()).toMatchObject([{ body: '1', state: 'in-flight' }]);
    expect(errors).toHaveLength(1);
    expect(isQueueError(errors[0]?.error, 'decode-failed')).toBe(true);
    await clock.settle(consumer.stop());
  });
});
