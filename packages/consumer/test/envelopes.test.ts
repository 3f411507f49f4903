// What an envelope may do to a consumer.

import { type Envelope, isQueueError, plain } from '@sqskit/core';
import { expect, test } from 'vitest';
import { packing, packOf } from './packing.ts';
import { createScene } from './scene.ts';

test('an envelope is told when SQS has deleted the message, and not before', async () => {
  const { clock, queue, sendRaw, consume, faults, errors } = createScene();
  await sendRaw(packOf(1, 2));
  faults.failNext('deleteBatch', { kind: 'unavailable' });
  const left: number[] = [];
  const envelope: Envelope = {
    ...packing(),
    open: async (payload) => ({
      ...(await packing().open(payload)),
      deleted() {
        left.push(queue.messages().length);
        return Promise.reject(new Error('the clean-up failed'));
      },
    }),
  };
  const consumer = consume(() => undefined, { envelope });
  consumer.start();
  await clock.advance(2_000);
  expect(left).toEqual([0]);
  expect(errors).toMatchObject([{ context: { during: 'settle' } }]);
  expect(consumer.stats().settling).toBe(0);
  await clock.settle(consumer.stop());
});

test('messages that are still being opened when the consumer stops are released unstarted', async () => {
  const { clock, queue, send, consume, sleep } = createScene();
  await send(2);
  const slow: Envelope = {
    ...packing(),
    maxItems: 1,
    open: (payload) => sleep(2_000).then(() => packing().open(payload)),
  };
  const consumer = consume(() => expect.unreachable(), { envelope: slow, waitTimeMs: 1_000 });
  consumer.start();
  await clock.advance(500);
  const report = await clock.settle(consumer.stop());
  expect(report).toMatchObject({ isClean: true, released: 2 });
  expect(queue.messages().map(({ state }) => state)).toEqual(['visible', 'visible']);
});

test('an envelope that throws fails its message alone', async () => {
  const { clock, queue, send, consume, errors } = createScene();
  await send(3);
  const fragile: Envelope = {
    ...packing(),
    open(payload) {
      if (payload.body === '1') {
        throw new TypeError('cannot');
      }
      return packing().open(payload);
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

test('regression: a clean-up that never ended kept its group, and then the consumer, from going on', async () => {
  const { clock, queue, send, consume, errors } = createScene({ fifo: true });
  await send(3);
  const inner = plain();
  const envelope: Envelope = {
    maxItems: 1,
    seal: (items, maxBytes) => inner.seal(items, maxBytes),
    open: async (payload) => ({
      ...(await inner.open(payload)),
      deleted: () => new Promise<void>(() => undefined),
    }),
  };
  const consumer = consume(() => undefined, { envelope, waitTimeMs: 1_000 });
  consumer.start();
  await clock.advance(60_000);
  expect(queue.messages()).toEqual([]);
  expect(errors).toHaveLength(3);
  expect(errors.every(({ error }) => isQueueError(error, 'timeout'))).toBe(true);
  await clock.settle(consumer.stop());
  expect(clock.pendingTimers).toBe(0);
});
