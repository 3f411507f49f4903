import { ack, deadLetter, isQueueError, QueueError, retry } from '@sqskit/core';
import { expect, test } from 'vitest';
import { numbersIn, packing, packOf } from './packing.ts';
import { createScene, deadUrl } from './scene.ts';

test('a handler that runs for too long is told, and keeps its slot and its lease until it ends', async () => {
  const { clock, queue, send, consume, sleep, errors } = createScene();
  await send(1);
  let running = 0;
  let most = 0;
  let toldAt = 0;
  let reason: unknown;
  const consumer = consume(
    async (_message, { signal }) => {
      most = Math.max(most, ++running);
      signal.addEventListener('abort', () => {
        toldAt = clock.monotonic();
        reason = signal.reason;
      });
      await sleep(30_000); // whatever it is told
      running--;
    },
    { handlerTimeoutMs: 2_000, visibilityTimeoutMs: 4_000, maxConcurrency: 1, prefetch: 0 },
  );
  consumer.start();
  await clock.advance(29_000);
  await send(1);
  await clock.advance(900);
  expect(toldAt).toBe(2_000);
  expect(isQueueError(reason, 'handler-timeout')).toBe(true);
  expect(reason).toMatchObject({
    retryable: false,
    outcome: 'unknown',
    details: { messageId: queue.accepted[0]?.messageId, timeoutMs: 2_000 },
  });
  // Reported when its time was up, once.
  expect(errors).toEqual([
    {
      error: reason,
      context: { during: 'handle', queueUrl: queue.url, messageId: queue.accepted[0]?.messageId },
    },
  ]);
  expect({ running, most }).toEqual({ running: 1, most: 1 });
  expect(consumer.stats()).toMatchObject({ running: 1, leasesLost: 0, handlerTimeouts: 1, received: 1 });
  await clock.settle(consumer.stop({ timeoutMs: 1_000 }));
});

test('a message of which ten handlers ran at a time has one', async () => {
  const { clock, queue, send, consume, sleep } = createScene();
  await send(1);
  let running = 0;
  let most = 0;
  const consumer = consume(
    async () => {
      most = Math.max(most, ++running);
      await sleep(3_000);
      running--;
    },
    { handlerTimeoutMs: 200 },
  );
  consumer.start();
  await clock.advance(60_000);
  expect(most).toBe(1);
  // Each run was too long, so the message was never acknowledged.
  expect(queue.messages()).toHaveLength(1);
  await clock.settle(consumer.stop({ timeoutMs: 5_000 }));
});

test.each([
  ['returns', () => undefined],
  [
    'throws the reason',
    (signal: AbortSignal): void => {
      signal.throwIfAborted();
    },
  ],
])('a handler that %s after its time has failed with it, when it has ended', async (_how, end) => {
  const { clock, queue, send, consume, sleep, errors } = createScene();
  await send(1);
  const failed: unknown[] = [];
  const consumer = consume(
    async (_message, { signal }) => {
      await sleep(5_000);
      end(signal);
    },
    {
      handlerTimeoutMs: 2_000,
      failurePolicy(error, _message, receiveCount) {
        failed.push([isQueueError(error, 'handler-timeout'), clock.monotonic(), receiveCount]);
        return retry({ delayMs: 60_000 });
      },
    },
  );
  consumer.start();
  await clock.advance(10_000);
  expect(failed).toEqual([[true, 5_000, 1]]);
  expect(errors).toHaveLength(1);
  expect(consumer.stats()).toMatchObject({ acked: 0, retried: 1, running: 0 });
  expect(queue.messages()).toHaveLength(1);
  await clock.settle(consumer.stop());
});

test('what a handler throws after its time, if it is something else, is the cause', async () => {
  const { clock, send, consume, sleep } = createScene();
  await send(1);
  const thrown = new Error('and then it broke');
  const failed: unknown[] = [];
  const consumer = consume(
    async () => {
      await sleep(5_000);
      throw thrown;
    },
    {
      handlerTimeoutMs: 2_000,
      failurePolicy(error) {
        failed.push(error);
        return ack();
      },
    },
  );
  consumer.start();
  await clock.advance(6_000);
  expect(failed).toMatchObject([{ code: 'handler-timeout', cause: thrown }]);
  await clock.settle(consumer.stop());
});

test('a verdict that a handler returns after its time is carried out', async () => {
  const { clock, queue, send, consume, sleep, createDead } = createScene();
  await send(2);
  const dead = createDead();
  const consumer = consume(
    async ({ body }) => {
      await sleep(5_000);
      return body === 0 ? ack() : deadLetter('it never ends');
    },
    { handlerTimeoutMs: 2_000, deadLetterQueue: dead, failurePolicy: () => expect.unreachable() },
  );
  consumer.start();
  await clock.advance(6_000);
  expect(queue.messages()).toEqual([]);
  expect(dead.accepted).toMatchObject([{ body: '1', queueUrl: deadUrl }].map(({ body }) => ({ body })));
  expect(consumer.stats()).toMatchObject({ acked: 1, deadLettered: 1, handlerTimeouts: 2 });
  await clock.settle(consumer.stop());
});

test('a handler that ends in time is not told, nor one that never waits', async () => {
  const { clock, queue, send, consume, sleep, errors } = createScene();
  await send(40);
  const signals: AbortSignal[] = [];
  const consumer = consume(
    async ({ body }, { signal }) => {
      signals.push(signal);
      if (body % 2 === 0) {
        await sleep(1_999);
      }
    },
    { handlerTimeoutMs: 2_000, maxConcurrency: 3 },
  );
  consumer.start();
  await clock.advance(60_000);
  expect(queue.messages()).toEqual([]);
  expect(signals).toHaveLength(40);
  expect(signals.some(({ aborted }) => aborted)).toBe(false);
  expect(errors).toEqual([]);
  await clock.settle(consumer.stop());
});

test('a handler that looks at its signal after its time finds it aborted', async () => {
  const { clock, send, consume, sleep } = createScene();
  await send(1);
  let reason: unknown;
  const consumer = consume(
    async (_message, context) => {
      await sleep(3_000);
      reason = context.signal.reason;
      return ack();
    },
    { handlerTimeoutMs: 2_000 },
  );
  consumer.start();
  await clock.advance(4_000);
  expect(isQueueError(reason, 'handler-timeout')).toBe(true);
  await clock.settle(consumer.stop());
});

test('each message of a pack has a time of its own', async () => {
  const { clock, queue, sendRaw, consume, sleep, errors } = createScene();
  await sendRaw(packOf(0, 1, 2, 3, 4, 5));
  const told: number[] = [];
  const consumer = consume<number>(
    async ({ body }, { signal }) => {
      signal.addEventListener('abort', () => told.push(body));
      await sleep(body === 3 ? 2_500 : 1_500);
    },
    {
      envelope: packing(),
      maxConcurrency: 2,
      handlerTimeoutMs: 2_000,
      failurePolicy: () => retry({ delayMs: 600_000 }),
    },
  );
  consumer.start();
  await clock.advance(10_000);
  expect(told).toEqual([3]);
  expect(errors.map(({ context: { during, id } }) => [during, id])).toEqual([
    ['handle', expect.stringMatching(/3$/)],
  ]);
  expect(consumer.stats()).toMatchObject({ acked: 5, retried: 1, handlerTimeouts: 1 });
  expect(queue.messages().flatMap(({ body }) => numbersIn(body))).toEqual([3]);
  await clock.settle(consumer.stop());
});

test('the next of a group does not start beside one whose time is up', async () => {
  const { clock, send, consume, sleep } = createScene({ fifo: true });
  await send(2);
  const begun: [number, number][] = [];
  const consumer = consume(
    async ({ body }) => {
      begun.push([body, clock.monotonic()]);
      if (body === 0) {
        await sleep(9_000);
      }
      return ack();
    },
    { handlerTimeoutMs: 2_000 },
  );
  consumer.start();
  await clock.advance(20_000);
  expect(begun.map(([body]) => body)).toEqual([0, 1]);
  expect(begun[1]?.[1]).toBeGreaterThanOrEqual(9_000);
  await clock.settle(consumer.stop());
});

test('when the lease is lost the signal says so, and nobody is told twice', async () => {
  const { clock, faults, send, consume, sleep, errors } = createScene();
  await send(1);
  faults.failNext('changeVisibilityBatch', { kind: 'entry-rejection', awsCode: 'ReceiptHandleIsInvalid' });
  const reasons: unknown[] = [];
  const consumer = consume(
    async ({ receiveCount }, { signal }) => {
      signal.addEventListener('abort', () => reasons.push(signal.reason));
      await sleep(receiveCount > 1 ? 0 : 15_000);
    },
    { handlerTimeoutMs: 12_000, visibilityTimeoutMs: 20_000 },
  );
  consumer.start();
  await clock.advance(14_000);
  expect(reasons).toMatchObject([{ code: 'lease-lost' }]);
  expect(errors).toMatchObject([{ error: { code: 'lease-lost' } }]);
  expect(consumer.stats()).toMatchObject({ handlerTimeouts: 0, leasesLost: 1, running: 1 });
  await clock.settle(consumer.stop({ timeoutMs: 1_000 }));
});

test('a lease that is lost after the time was up leaves nothing to settle', async () => {
  const { clock, faults, send, consume, sleep, calls } = createScene();
  await send(1);
  faults.failNext('changeVisibilityBatch', { kind: 'entry-rejection', awsCode: 'ReceiptHandleIsInvalid' });
  const reasons: unknown[] = [];
  let asked = 0;
  const consumer = consume(
    async (_message, { signal }) => {
      signal.addEventListener('abort', () => reasons.push(signal.reason));
      await sleep(15_000);
    },
    {
      handlerTimeoutMs: 2_000,
      visibilityTimeoutMs: 20_000,
      failurePolicy() {
        asked++;
        return retry();
      },
    },
  );
  consumer.start();
  await clock.advance(15_500);
  expect(reasons).toMatchObject([{ code: 'handler-timeout' }]);
  expect(asked).toBe(0);
  expect(calls('deleteBatch')).toEqual([]);
  await clock.settle(consumer.stop({ timeoutMs: 1_000 }));
});

test('one timer tells any number of handlers, and none is left after a stop', async () => {
  const timers: number[] = [];
  for (const handlerTimeoutMs of [undefined, 60_000]) {
    const { clock, send, consume, sleep } = createScene();
    await send(200);
    const consumer = consume((_message, { signal }) => sleep(50_000, signal), {
      maxConcurrency: 200,
      handlerTimeoutMs,
      waitTimeMs: 1_000,
    });
    consumer.start();
    await clock.advance(3_000);
    expect(consumer.stats().running).toBe(200);
    timers.push(clock.pendingTimers);
    expect(await clock.settle(consumer.stop({ timeoutMs: 5_000 }))).toMatchObject({ released: 200 });
    expect(clock.pendingTimers).toBe(0);
  }
  const [without = Number.NaN, withTimeouts] = timers;
  expect(withTimeouts).toBe(without + 1);
});

test('a time that is no time is refused', () => {
  const { consume } = createScene();
  expect(() => consume(() => undefined, { handlerTimeoutMs: 0 })).toThrow(QueueError);
});
