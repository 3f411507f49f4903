import { isQueueError } from '@sqskit/core';
import { expect, test } from 'vitest';
import { ack, retry } from '../src/index.ts';
import { altered, counting, createScene } from './scene.ts';

test('a lease is renewed for as long as the handler runs', async () => {
  const { clock, queue, send, consume, sleep, calls } = createScene({ latencyMs: 20 });
  await send(1);
  let runs = 0;
  const consumer = consume(
    async () => {
      runs++;
      await sleep(600_000);
    },
    { visibilityTimeoutMs: 30_000 },
  );
  consumer.start();
  await clock.advance(601_000);
  expect(runs).toBe(1);
  expect(queue.messages()).toEqual([]);
  expect(calls('changeVisibilityBatch').length).toBeLessThanOrEqual(41);
  await clock.settle(consumer.stop());
});

test('messages that wait for a slot have their leases renewed too', async () => {
  const { clock, queue, send, consume, sleep, calls } = createScene();
  await send(10);
  let runs = 0;
  const consumer = consume(
    async () => {
      runs++;
      await sleep(5_000);
    },
    { maxConcurrency: 1, visibilityTimeoutMs: 4_000 },
  );
  consumer.start();
  await clock.advance(55_000);
  expect(runs).toBe(10);
  expect(queue.messages()).toEqual([]);
  expect(consumer.stats().leasesLost).toBe(0);
  // Those received together are renewed together.
  const renewals = calls('changeVisibilityBatch');
  expect(renewals[0]?.entries).toBe(10);
  await clock.settle(consumer.stop());
});

test('a lease outlasts a failing delete', async () => {
  const { clock, queue, faults, send, consume } = createScene();
  await send(1);
  faults.failNext('deleteBatch', { kind: 'unavailable' }, { times: Number.POSITIVE_INFINITY });
  let runs = 0;
  const consumer = consume(
    () => {
      runs++;
    },
    { visibilityTimeoutMs: 3_000 },
  );
  consumer.start();
  await clock.advance(30_000);
  expect(consumer.stats().settling).toBe(1);
  expect(queue.messages()).toMatchObject([{ receiveCount: 1, state: 'in-flight' }]);
  faults.clear();
  await clock.advance(6_000);
  expect(queue.messages()).toEqual([]);
  expect(runs).toBe(1);
  await clock.settle(consumer.stop());
});

test('a handler is told when its lease ends, and settles nothing any more', async () => {
  const { clock, faults, send, consume, sleep, calls, errors } = createScene();
  await send(1);
  faults.failNext('changeVisibilityBatch', { kind: 'unavailable' }, { times: Number.POSITIVE_INFINITY });
  const told: unknown[] = [];
  let toldAt = 0;
  const consumer = consume(
    async ({ receiveCount }, { signal }) => {
      if (receiveCount > 1) {
        return;
      }
      signal.addEventListener('abort', () => {
        told.push(signal.reason);
        toldAt = clock.monotonic();
      });
      await sleep(4_000);
    },
    { visibilityTimeoutMs: 3_000 },
  );
  consumer.start();
  await clock.advance(3_900);
  expect(toldAt).toBe(3_000);
  expect(isQueueError(told[0], 'lease-lost')).toBe(true);
  expect(consumer.stats()).toMatchObject({ leasesLost: 1, running: 1 });
  expect(errors.map(({ context }) => context.during)).toEqual(['lease']);
  const settledBefore = calls('deleteBatch').length;
  await clock.advance(110);
  expect(settledBefore).toBe(0);
  await clock.advance(10_000);
  // The message came again and that run was acknowledged: one delete, by the newer handle.
  expect(calls('deleteBatch')).toHaveLength(1);
  await clock.settle(consumer.stop());
});

test('a handler is told when SQS knows the receipt handle no more', async () => {
  const { clock, queue, faults, send, consume, sleep } = createScene();
  await send(1);
  faults.failNext('changeVisibilityBatch', { kind: 'entry-rejection', awsCode: 'ReceiptHandleIsInvalid' });
  let toldAt: number | undefined;
  const consumer = consume(async (_message, { signal }) => {
    signal.addEventListener('abort', () => {
      toldAt ??= clock.monotonic();
    });
    await sleep(20_000);
  });
  consumer.start();
  await clock.advance(16_000);
  expect(toldAt).toBeGreaterThanOrEqual(15_000);
  expect(toldAt).toBeLessThan(15_100);
  expect(queue.messages()).toHaveLength(1);
  await clock.settle(consumer.stop({ timeoutMs: 1_000 }));
});

test('a handler that looks at its signal late finds it aborted', async () => {
  const { clock, faults, send, consume, sleep } = createScene();
  await send(1);
  faults.failNext('changeVisibilityBatch', { kind: 'entry-rejection', awsCode: 'ReceiptHandleIsInvalid' });
  let reason: unknown;
  const consumer = consume(
    async (_message, context) => {
      await sleep(15_000);
      reason ??= context.signal.reason;
    },
    { visibilityTimeoutMs: 20_000, waitTimeMs: 1_000 },
  );
  consumer.start();
  await clock.advance(16_000);
  expect(isQueueError(reason, 'lease-lost')).toBe(true);
  await clock.settle(consumer.stop({ timeoutMs: 1_000 }));
});

test('a message whose lease ends while it waits is not run', async () => {
  const { clock, faults, send, consume, sleep } = createScene();
  await send(2);
  faults.failNext('changeVisibilityBatch', { kind: 'unavailable' }, { times: Number.POSITIVE_INFINITY });
  const seen: string[] = [];
  const consumer = consume(
    async ({ body, receiveCount }) => {
      seen.push(`${body}/${receiveCount}`);
      await sleep(2_500);
    },
    { maxConcurrency: 1, prefetch: 1, visibilityTimeoutMs: 2_000, waitTimeMs: 1_000 },
  );
  consumer.start();
  await clock.advance(2_400);
  consumer.pause();
  await clock.advance(10_000);
  expect(seen).not.toContain('1/1');
  expect(consumer.stats().leasesLost).toBeGreaterThanOrEqual(2);
  await clock.settle(consumer.stop());
});

test('a process that was busy for longer than a lease does not settle by it', async () => {
  const { clock, send, consume, calls, errors } = createScene();
  await send(1);
  let skewMs = 0;
  // The clock leaps while the handler runs, as it does for timers of a blocked event loop.
  const leaping = { ...clock, monotonic: () => clock.monotonic() + skewMs };
  const consumer = consume(
    () => {
      skewMs += 31_000;
    },
    { clock: { now: () => clock.now(), monotonic: leaping.monotonic, setTimer: clock.setTimer.bind(clock) } },
  );
  consumer.start();
  await clock.advance(10);
  expect(calls('deleteBatch')).toEqual([]);
  expect(errors.map(({ context }) => context.during)).toEqual(['settle']);
  expect(isQueueError(errors[0]?.error, 'lease-lost')).toBe(true);
  expect(consumer.stats()).toMatchObject({ acked: 0, unsettled: 1, leasesLost: 0, settling: 0 });
  await clock.settle(consumer.stop());
});

test('a lease is given up twelve hours after the receive', async () => {
  const { clock, send, consume, sleep } = createScene();
  await send(1);
  let toldAt = 0;
  const consumer = consume(
    async (_message, { signal }) => {
      signal.addEventListener('abort', () => {
        toldAt = clock.monotonic();
      });
      await sleep(50_000_000, signal);
    },
    { visibilityTimeoutMs: 3_600_000 },
  );
  consumer.start();
  await clock.advance(43_250_000);
  expect(toldAt).toBeGreaterThan(43_100_000);
  expect(toldAt).toBeLessThanOrEqual(43_200_000);
  await clock.settle(consumer.stop({ timeoutMs: 1_000 }));
});

test('a renewal that waits for its next attempt is given up when the handler ends', async () => {
  const { clock, faults, send, consume, sleep, calls } = createScene();
  await send(1);
  faults.failNext('changeVisibilityBatch', { kind: 'throttle' });
  const consumer = consume(
    async () => {
      await sleep(5_030);
      throw new Error('just after the renewal was refused');
    },
    { visibilityTimeoutMs: 10_000, retryBaseMs: 60_000, random: () => 0.99 },
  );
  consumer.start();
  await clock.advance(5_100);
  const changes = calls('changeVisibilityBatch').map(({ given }) => given[0]?.visibilityTimeoutMs);
  expect(changes).toEqual([10_000, 59_400]);
  await clock.settle(consumer.stop());
});

test('leases that are due soon are renewed along with those that are due', async () => {
  const { clock, send, consume, sleep, calls } = createScene();
  const consumer = consume(() => sleep(100_000), { visibilityTimeoutMs: 30_000 });
  consumer.start();
  for (let count = 0; count < 10; count++) {
    await clock.advance(200);
    await send(1);
  }
  await clock.advance(90_000);
  expect(consumer.stats()).toMatchObject({ running: 10, leasesLost: 0 });
  expect(calls('changeVisibilityBatch').length).toBeLessThanOrEqual(7);
  await clock.settle(consumer.stop({ timeoutMs: 1_000 }));
});

test('a renewal that is refused while the message is being deleted says nothing', async () => {
  const { clock, faults, send, consume, errors, calls } = createScene();
  await send(1);
  faults.failNext('deleteBatch', { kind: 'lost-reply', timeoutMs: 2_950 });
  faults.failNext('deleteBatch', { kind: 'lost-reply', timeoutMs: 2_950 });
  const consumer = consume(() => undefined, { visibilityTimeoutMs: 12_000, random: () => 0.99 });
  consumer.start();
  await clock.advance(12_000);
  expect(calls('changeVisibilityBatch')).toHaveLength(1);
  expect(calls('deleteBatch')).toHaveLength(3);
  expect(errors).toEqual([]);
  expect(consumer.stats()).toMatchObject({ acked: 1, unsettled: 0, leasesLost: 0 });
  await clock.settle(consumer.stop());
});

test('a lease that ends while the message is being deleted is one report: not settled', async () => {
  const { clock, faults, send, consume, errors } = createScene();
  await send(1);
  for (const verb of ['deleteBatch', 'changeVisibilityBatch'] as const) {
    faults.failNext(verb, { kind: 'unavailable' }, { times: Number.POSITIVE_INFINITY });
  }
  const consumer = consume(() => undefined, { visibilityTimeoutMs: 4_000, waitTimeMs: 1_000 });
  consumer.start();
  await clock.advance(1_000);
  consumer.pause();
  await clock.advance(3_500);
  expect(errors.map(({ context }) => context.during)).toEqual(['settle']);
  expect(isQueueError(errors[0]?.error, 'deadline-exceeded')).toBe(true);
  expect(consumer.stats()).toMatchObject({ acked: 0, unsettled: 1, leasesLost: 0, settling: 0 });
  faults.clear();
  await clock.settle(consumer.stop());
});

test('what a handler throws after it was told to end is no failure of the message', async () => {
  const { clock, faults, send, consume, sleep, errors } = createScene();
  await send(1);
  faults.failNext('changeVisibilityBatch', { kind: 'entry-rejection', awsCode: 'ReceiptHandleIsInvalid' });
  let asked = 0;
  const consumer = consume(
    async (_message, { signal }) => {
      await sleep(60_000, signal);
    },
    {
      visibilityTimeoutMs: 20_000,
      failurePolicy() {
        asked++;
        return retry();
      },
    },
  );
  consumer.start();
  await clock.advance(12_000);
  expect(asked).toBe(0);
  expect(errors.map(({ context }) => context.during)).toEqual(['lease']);
  expect(consumer.stats()).toMatchObject({ running: 0, leasesLost: 1 });
  await clock.settle(consumer.stop({ timeoutMs: 1_000 }));
});

test('a lease counts from when its renewal was called, the last time if it was repeated', async () => {
  const { clock, faults, send, consume, sleep, calls } = createScene();
  await send(1);
  faults.failNext('changeVisibilityBatch', { kind: 'throttle' });
  faults.failNext('changeVisibilityBatch', { kind: 'slow-reply', delayMs: 2_000 });
  const consumer = consume(() => sleep(60_000), { visibilityTimeoutMs: 10_000, random: () => 0.99 });
  consumer.start();
  await clock.advance(17_000);
  const [refused, renewed, next] = calls('changeVisibilityBatch').map(({ atMs }) => atMs);
  expect(refused).toBe(5_020);
  expect(renewed).toBeGreaterThan(5_400);
  expect(next).toBeCloseTo((renewed ?? 0) + 5_020, 0);
  await clock.settle(consumer.stop({ timeoutMs: 1_000 }));
});

test('a lease has one renewal under way at a time', async () => {
  const { clock, faults, send, consume, sleep, calls } = createScene();
  await send(1);
  faults.failNext('changeVisibilityBatch', { kind: 'slow-reply', delayMs: 2_400 });
  const consumer = consume(() => sleep(60_000), { visibilityTimeoutMs: 10_000 });
  consumer.start();
  await clock.advance(1_500);
  await send(1);
  await clock.advance(8_000);
  expect(calls('changeVisibilityBatch').map(({ entries }) => entries)).toEqual([1, 1]);
  await clock.settle(consumer.stop({ timeoutMs: 1_000 }));
});

test('a renewal that SQS refused for a passing reason is tried again', async () => {
  const { clock, queue, faults, send, consume, sleep } = createScene();
  await send(1);
  faults.failNext('changeVisibilityBatch', {
    kind: 'service-error',
    awsCode: 'AccessDenied',
    httpStatus: 403,
  });
  let runs = 0;
  const consumer = consume(
    async () => {
      runs++;
      await sleep(20_000);
    },
    { visibilityTimeoutMs: 10_000 },
  );
  consumer.start();
  await clock.advance(21_000);
  expect(faults.pending).toBe(0);
  expect(runs).toBe(1);
  expect(queue.messages()).toEqual([]);
  await clock.settle(consumer.stop());
});

test('a delete that never answered kept its message in hand for ever', async () => {
  const { clock, queue, send, consume, errors } = createScene();
  await send(1);
  const given: (AbortSignal | undefined)[] = [];
  const hanging = altered(queue, {
    deleteBatch(handles, options) {
      given.push(options?.signal);
      return given.length === 1 ? new Promise(() => undefined) : queue.deleteBatch(handles, options);
    },
  });
  let runs = 0;
  const consumer = consume(
    () => {
      runs++;
    },
    {},
    hanging,
  );
  consumer.start();
  await clock.advance(7_400);
  expect(given.map((signal) => signal?.aborted)).toEqual([false]);
  await clock.advance(20_000);
  expect(given.map((signal) => signal?.aborted)).toEqual([true, false]);
  expect(queue.messages()).toEqual([]);
  expect(consumer.stats()).toMatchObject({ acked: 1, unsettled: 0, settling: 0, received: 1 });
  expect({ runs, errors }).toEqual({ runs: 1, errors: [] });
  await clock.settle(consumer.stop());
});

test('a renewal that never answered lost the leases of its batch', async () => {
  const { clock, queue, send, consume, sleep } = createScene();
  await send(3);
  const given: (AbortSignal | undefined)[] = [];
  const hanging = altered(queue, {
    changeVisibilityBatch(changes, options) {
      given.push(options?.signal);
      return given.length === 1
        ? new Promise(() => undefined)
        : queue.changeVisibilityBatch(changes, options);
    },
  });
  const consumer = consume(() => sleep(120_000), {}, hanging);
  consumer.start();
  await clock.advance(125_000);
  expect(given[0]?.aborted).toBe(true);
  expect(consumer.stats()).toMatchObject({ acked: 3, leasesLost: 0, received: 3 });
  await clock.settle(consumer.stop());
});

test('regression: a message that was done after its lease was lost ran once more when it came again', async () => {
  const { clock, queue, faults, send, consume, sleep } = createScene();
  await send(2);
  faults.failNext('changeVisibilityBatch', { kind: 'unavailable' }, { times: 1_000 });
  const { runs, count } = counting();
  const consumer = consume<number>(async ({ body }) => {
    count(body);
    await sleep(40_000);
    return body === 0 ? ack() : undefined; // only a verdict says that it is done all the same
  });
  consumer.start();
  await clock.advance(75_000);
  expect(runs).toEqual(
    new Map([
      [0, 1],
      [1, 2],
    ]),
  );
  expect(queue.deleted).toHaveLength(1);
  await clock.settle(consumer.stop({ timeoutMs: 1_000 }));
});
