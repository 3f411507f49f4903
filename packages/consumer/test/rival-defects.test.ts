// What other consumers of SQS were measured to do, once each, and that this one does not.

import { isQueueError } from '@sqskit/core';
import { expect, test } from 'vitest';
import { createScene } from './scene.ts';

test('runs one poll loop after stop and start during a long poll', async () => {
  const { clock, queue, consume } = createScene();
  const consumer = consume(() => undefined);
  consumer.start();
  await clock.advance(5_000);
  void consumer.stop();
  consumer.start();
  await clock.advance(1_000);
  void consumer.stop();
  consumer.start();
  consumer.start();
  await clock.advance(300_000);
  expect(consumer.stats()).toMatchObject({ state: 'running', polls: 1 });
  // One poll of 20 s after the other, from the first start on.
  expect(queue.calls.length).toBe(Math.floor(306_000 / 20_000) + 1);
  await clock.settle(consumer.stop());
});

test('a renewal never overwrites the back-off of a failed message', async () => {
  const { clock, queue, send, consume, calls, sleep } = createScene({ latencyMs: 400 });
  await send(1);
  const consumer = consume(
    async () => {
      await sleep(2_200);
      throw new Error('failed just as a renewal was under way');
    },
    { visibilityTimeoutMs: 4_000, retryBaseMs: 60_000, random: () => 0.9 },
  );
  consumer.start();
  await clock.advance(10_000);
  const [renewal, settling] = calls('changeVisibilityBatch');
  expect(renewal?.given.map((change) => change.visibilityTimeoutMs)).toEqual([4_000]);
  expect(settling?.given.map((change) => change.visibilityTimeoutMs)).toEqual([54_000]);
  // Not called before the renewal was answered.
  expect(settling?.atMs).toBeGreaterThanOrEqual((renewal?.atMs ?? 0) + 400);
  expect(queue.messages()).toMatchObject([{ state: 'in-flight', receiveCount: 1 }]);
  await clock.advance(30_000);
  expect(queue.messages()).toMatchObject([{ state: 'in-flight', receiveCount: 1 }]);
  await clock.settle(consumer.stop());
});

test('one slow message in ten does not hold up the other nine', async () => {
  const { clock, queue, send, consume, sleep } = createScene({ latencyMs: 5 });
  await send(100);
  const startedAt = clock.monotonic();
  let done = 0;
  let endedAt = 0;
  const consumer = consume(
    async ({ body }) => {
      await sleep(body % 10 === 0 ? 1_000 : 10);
      if (++done === 100) {
        endedAt = clock.monotonic();
      }
    },
    { maxConcurrency: 100 },
  );
  consumer.start();
  await clock.advance(3_000);
  expect(queue.messages()).toEqual([]);
  expect(endedAt - startedAt).toBeLessThan(1_100);
  await clock.settle(consumer.stop());
});

test('a handler that returns nothing acknowledges its message', async () => {
  const { clock, queue, send, consume } = createScene();
  await send(5);
  const consumer = consume(() => {
    // as in every first example
  });
  consumer.start();
  await clock.advance(1_000);
  expect(queue.deleted).toHaveLength(5);
  expect(consumer.stats().acked).toBe(5);
  await clock.settle(consumer.stop());
});

test('a failing receive is called at most ten times in ten seconds, and goes on when it recovers', async () => {
  for (const draw of [0, 0.5, 0.999]) {
    const { clock, queue, faults, send, consume, errors, calls } = createScene();
    faults.failNext(
      'receive',
      { kind: 'service-error', awsCode: 'InternalFailure', httpStatus: 500 },
      { times: Number.POSITIVE_INFINITY },
    );
    const consumer = consume(() => undefined, { random: () => draw });
    consumer.start();
    await clock.advance(10_000);
    expect(calls('receive').length).toBeLessThanOrEqual(10);
    expect(calls('receive').length).toBeGreaterThan(2);
    expect(errors.every(({ context }) => context.during === 'receive')).toBe(true);
    expect(errors).toHaveLength(calls('receive').length);
    await clock.advance(600_000);
    expect(calls('receive').length).toBeLessThanOrEqual(60);
    faults.clear();
    await send(3);
    await clock.advance(31_000);
    expect(queue.messages()).toEqual([]);
    await clock.settle(consumer.stop());
  }
});

test('two tenths of a call and a hundredth carry a message under load', async () => {
  const { clock, queue, send, consume, sleep } = createScene({ latencyMs: 10 });
  await send(3_000);
  const sends = queue.calls.length;
  const consumer = consume(() => sleep(20), { maxConcurrency: 100 });
  consumer.start();
  await clock.advance(5_000);
  expect(queue.messages()).toEqual([]);
  expect((queue.calls.length - sends) / 3_000).toBeLessThanOrEqual(0.21);
  await clock.settle(consumer.stop());
});

test('a batch of deletes that fails is repeated, and nobody waits for ever', async () => {
  const { clock, queue, faults, send, consume, errors } = createScene();
  await send(10);
  faults.failNext('deleteBatch', { kind: 'unavailable' }, { times: 3 });
  let runs = 0;
  const consumer = consume(() => {
    runs++;
  });
  consumer.start();
  await clock.advance(60_000);
  expect(queue.messages()).toEqual([]);
  expect(runs).toBe(10);
  expect(errors).toEqual([]);
  expect(consumer.stats()).toMatchObject({ acked: 10, settling: 0 });
  await clock.settle(consumer.stop());
});

test('one throttled renewal does not let a message run twice', async () => {
  const { clock, queue, faults, send, consume, sleep, errors } = createScene();
  await send(1);
  faults.failNext('changeVisibilityBatch', { kind: 'throttle' });
  let running = 0;
  let most = 0;
  let runs = 0;
  const consumer = consume(
    async () => {
      runs++;
      running++;
      most = Math.max(most, running);
      await sleep(5_500);
      running--;
    },
    { visibilityTimeoutMs: 3_000 },
  );
  consumer.start();
  await clock.advance(20_000);
  expect(faults.pending).toBe(0);
  expect({ runs, most }).toEqual({ runs: 1, most: 1 });
  expect(queue.deleted).toHaveLength(1);
  expect(errors).toEqual([]);
  await clock.settle(consumer.stop());
});

test('a body that cannot be read comes back after a growing delay, not in a hot loop', async () => {
  const { clock, queue, sendRaw, send, consume, errors } = createScene();
  await sendRaw({ body: '{ not json' });
  await send(3);
  const consumer = consume(() => undefined, { random: () => 0.5 });
  consumer.start();
  await clock.advance(1_000);
  expect(queue.deleted).toHaveLength(3);
  await clock.advance(9_000);
  const [poison] = queue.messages();
  expect(poison?.receiveCount).toBeLessThanOrEqual(5);
  expect(errors.every(({ error }) => isQueueError(error, 'decode-failed'))).toBe(true);
  await clock.advance(600_000);
  expect(queue.messages()[0]?.receiveCount).toBeLessThanOrEqual(12);
  await clock.settle(consumer.stop());
});

test('failing renewals are no unhandled rejections', async () => {
  const { clock, faults, send, consume, sleep, errors, queue } = createScene();
  const unhandled: unknown[] = [];
  const onUnhandled = (reason: unknown): void => {
    unhandled.push(reason);
  };
  process.on('unhandledRejection', onUnhandled);
  try {
    await send(1);
    faults.failNext(
      'changeVisibilityBatch',
      { kind: 'service-error', awsCode: 'AccessDenied', httpStatus: 403 },
      { times: Number.POSITIVE_INFINITY },
    );
    let aborted: unknown;
    const consumer = consume(
      async (_message, { signal }) => {
        signal.addEventListener('abort', () => {
          aborted = signal.reason;
        });
        await sleep(8_000);
      },
      { visibilityTimeoutMs: 2_000, onError: undefined },
    );
    consumer.start();
    await clock.advance(4_000);
    expect(isQueueError(aborted, 'lease-lost')).toBe(true);
    faults.clear();
    await clock.advance(20_000);
    expect(unhandled).toEqual([]);
    expect(errors).toEqual([]);
    expect(queue.messages()).toEqual([]);
    await clock.settle(consumer.stop());
  } finally {
    process.off('unhandledRejection', onUnhandled);
  }
});

test('a handler that finishes while the consumer stops has its delete carried out', async () => {
  const { clock, queue, send, consume, sleep } = createScene({ latencyMs: 50 });
  await send(1);
  const consumer = consume(() => sleep(2_000), { waitTimeMs: 1_000 });
  consumer.start();
  await clock.advance(500);
  const report = await clock.settle(consumer.stop());
  expect(report).toMatchObject({ isClean: true, acked: 1, released: 0, abandoned: [], unsettled: 0 });
  expect(queue.messages()).toEqual([]);
});

test('ten renewals of ten messages are ten calls', async () => {
  const { clock, send, consume, sleep, calls } = createScene();
  await send(10);
  const consumer = consume(() => sleep(104_000), { visibilityTimeoutMs: 20_000 });
  consumer.start();
  await clock.advance(105_000);
  expect(consumer.stats().acked).toBe(10);
  expect(calls('changeVisibilityBatch')).toHaveLength(10);
  expect(calls('changeVisibilityBatch').every(({ entries }) => entries === 10)).toBe(true);
  await clock.settle(consumer.stop());
});

test('a message whose handler outlives its lease is not run again beside it', async () => {
  const { clock, queue, faults, send, consume, sleep } = createScene();
  await send(1);
  // No renewal ever succeeds, so SQS delivers the message again and again while the first handler hangs on.
  faults.failNext('changeVisibilityBatch', { kind: 'unavailable' }, { times: Number.POSITIVE_INFINITY });
  let running = 0;
  let most = 0;
  const consumer = consume(
    async () => {
      running++;
      most = Math.max(most, running);
      await sleep(30_000);
      running--;
    },
    { visibilityTimeoutMs: 2_000 },
  );
  consumer.start();
  await clock.advance(29_000);
  expect(most).toBe(1);
  expect(consumer.stats()).toMatchObject({ running: 1, leasesLost: expect.any(Number) });
  expect(queue.messages()[0]?.receiveCount).toBeGreaterThan(3);
  faults.clear();
  await clock.advance(120_000);
  expect(most).toBe(1);
  expect(queue.messages()).toEqual([]);
  await clock.settle(consumer.stop());
});
