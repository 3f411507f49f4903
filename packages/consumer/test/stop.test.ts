import { ack, type CallOptions, isQueueError } from '@sqskit/core';
import { describe, expect, test } from 'vitest';
import { altered, createScene } from './scene.ts';

describe('stopping', () => {
  test('messages that have not started are released at once', async () => {
    const { clock, queue, send, consume, sleep, calls } = createScene();
    await send(20);
    const consumer = consume(() => sleep(3_000), {
      maxConcurrency: 5,
      prefetch: 15,
      waitTimeMs: 1_000,
      settleLingerMs: 2_000,
    });
    consumer.start();
    await clock.advance(2_000);
    const stopping = consumer.stop();
    await clock.advance(30);
    expect(queue.messages().filter(({ state }) => state === 'visible')).toHaveLength(15);
    expect(calls('changeVisibilityBatch').map(({ entries }) => entries)).toEqual([10, 5]);
    expect(consumer.stats()).toMatchObject({ state: 'stopping', running: 5, waiting: 0 });
    const report = await clock.settle(stopping);
    expect(report).toMatchObject({ isClean: true, acked: 5, released: 15, retried: 0, abandoned: [] });
    expect(report.tookMs).toBeLessThan(3_100);
  });

  test('handlers that run may finish, with their leases renewed', async () => {
    const { clock, queue, send, consume, sleep } = createScene();
    await send(1);
    const consumer = consume(() => sleep(25_000), { visibilityTimeoutMs: 4_000, waitTimeMs: 1_000 });
    consumer.start();
    await clock.advance(100);
    const report = await clock.settle(consumer.stop());
    expect(report).toMatchObject({ isClean: true, acked: 1, tookMs: expect.closeTo(24_920, -2) });
    expect(queue.messages()).toEqual([]);
  });

  test('what a long poll under way still brings is released at once', async () => {
    const { clock, queue, send, consume } = createScene();
    const consumer = consume(() => expect.unreachable());
    consumer.start();
    await clock.advance(5_000);
    const stopping = consumer.stop();
    await send(3);
    const report = await clock.settle(stopping);
    expect(report).toMatchObject({ isClean: true, released: 3 });
    expect(report.tookMs).toBeLessThan(100);
    expect(queue.messages().map(({ state }) => state)).toEqual(['visible', 'visible', 'visible']);
  });

  test('an idle consumer stops when its long poll returns', async () => {
    const { clock, consume } = createScene();
    const consumer = consume(() => undefined, { waitTimeMs: 5_000 });
    consumer.start();
    await clock.advance(1_000);
    expect((await clock.settle(consumer.stop())).tookMs).toBe(4_000);
  });

  test('at the end of the time handlers are told, their messages released and reported', async () => {
    const { clock, queue, send, consume, sleep, errors } = createScene();
    await send(3);
    const reasons: unknown[] = [];
    let zombies = 0;
    const consumer = consume(
      async (_message, { signal }) => {
        signal.addEventListener('abort', () => reasons.push(signal.reason));
        await sleep(100_000);
        zombies++;
      },
      { settleLingerMs: 5_000 },
    );
    consumer.start();
    await clock.advance(1_000);
    const report = await clock.settle(consumer.stop({ timeoutMs: 10_000 }));
    expect(report).toMatchObject({ isClean: false, acked: 0, released: 3, unsettled: 0 });
    expect([...report.abandoned].sort()).toEqual(queue.messages().map(({ messageId }) => messageId));
    expect(report.tookMs).toBeLessThanOrEqual(10_000);
    expect(report.tookMs).toBeGreaterThanOrEqual(9_000);
    expect(reasons).toHaveLength(3);
    expect(reasons.every((reason) => isQueueError(reason, 'stopped'))).toBe(true);
    expect(queue.messages().map(({ state }) => state)).toEqual(['visible', 'visible', 'visible']);
    const calls = queue.calls.length;
    await clock.advance(200_000);
    expect(errors).toEqual([]);
    expect(zombies).toBe(3);
    expect(queue.calls).toHaveLength(calls);
  });

  test('a handler that outlives its lease is reported too, and nothing is settled for it', async () => {
    const { clock, queue, faults, send, consume } = createScene();
    await send(1);
    faults.failNext('changeVisibilityBatch', { kind: 'entry-rejection', awsCode: 'ReceiptHandleIsInvalid' });
    const consumer = consume(() => new Promise(() => undefined), { visibilityTimeoutMs: 100_000 });
    consumer.start();
    await clock.advance(60_000);
    expect(consumer.stats()).toMatchObject({ leasesLost: 1, running: 1 });
    const report = await clock.settle(consumer.stop({ timeoutMs: 5_000 }));
    expect(report).toMatchObject({ released: 0, unsettled: 0, isClean: false });
    expect(report.abandoned).toEqual([queue.accepted[0]?.messageId]);
  });

  test('it takes no longer than it was given, whatever hangs', async () => {
    for (const timeoutMs of [0, 1, 500, 5_000, 30_000]) {
      const { clock, queue, send, consume } = createScene();
      await send(20);
      const never = new Promise<never>(() => undefined);
      const signals: (AbortSignal | undefined)[] = [];
      const hang = (_entries: unknown, options?: CallOptions): Promise<never> => {
        signals.push(options?.signal);
        return never;
      };
      const hanging = altered(queue, { deleteBatch: hang, changeVisibilityBatch: hang });
      const consumer = consume(
        ({ body }) => (body === 0 ? never : undefined),
        { maxConcurrency: 5, visibilityTimeoutMs: 120_000 },
        hanging,
      );
      consumer.start();
      await clock.advance(100);
      const startedAt = clock.monotonic();
      const report = await clock.settle(consumer.stop({ timeoutMs }));
      expect(clock.monotonic() - startedAt).toBeLessThanOrEqual(timeoutMs);
      expect(report).toMatchObject({ isClean: false, acked: 0, released: 0, unsettled: 20 });
      expect(report.abandoned).toHaveLength(1);
      expect(signals.length).toBeGreaterThan(0);
      expect(signals.every((signal) => signal?.aborted)).toBe(true);
      expect(consumer.stats()).toMatchObject({ state: 'stopped', running: 0, settling: 0, polls: 0 });
    }
  });

  test('settling goes on while it stops: a failing delete is repeated', async () => {
    const { clock, queue, faults, send, consume } = createScene();
    await send(5);
    const consumer = consume(() => undefined, { waitTimeMs: 1_000 });
    faults.failNext('deleteBatch', { kind: 'unavailable' }, { times: 4 });
    consumer.start();
    await clock.advance(10);
    const report = await clock.settle(consumer.stop());
    expect(report).toMatchObject({ isClean: true, acked: 5 });
    expect(queue.messages()).toEqual([]);
  });

  test('it is not clean if SQS refused to settle a message', async () => {
    const { clock, faults, send, consume, sleep } = createScene();
    await send(1);
    faults.failNext('deleteBatch', { kind: 'entry-rejection' });
    const consumer = consume(() => sleep(500), { waitTimeMs: 1_000 });
    consumer.start();
    await clock.advance(10);
    expect(await clock.settle(consumer.stop())).toMatchObject({ isClean: false, acked: 0, unsettled: 1 });
  });

  test('no timer and no call is left when it has resolved', async () => {
    for (const timeoutMs of [0, 2_000, 60_000]) {
      const { clock, queue, send, consume, sleep } = createScene();
      await send(40);
      const consumer = consume(
        ({ body }, { signal }) => (body % 2 === 0 ? sleep(20_000, signal) : Promise.reject(new Error('odd'))),
        { maxConcurrency: 15 },
      );
      consumer.start();
      await clock.advance(3_000);
      await clock.settle(consumer.stop({ timeoutMs }));
      expect(clock.pendingTimers).toBe(0);
      const calls = queue.calls.length;
      await clock.advance(600_000);
      expect(queue.calls).toHaveLength(calls);
    }
  });

  test('a renewal that is never answered leaves nothing behind', async () => {
    const { clock, queue, send, consume } = createScene();
    await send(3);
    const never = new Promise<never>(() => undefined);
    const hanging = altered(queue, { changeVisibilityBatch: () => never });
    const consumer = consume(() => never, { visibilityTimeoutMs: 10_000 }, hanging);
    consumer.start();
    await clock.advance(6_000);
    const report = await clock.settle(consumer.stop({ timeoutMs: 2_000 }));
    expect(report).toMatchObject({ tookMs: 2_000, unsettled: 3 });
    await clock.flush();
    expect(clock.pendingTimers).toBe(0);
  });

  test('during an outage it does not wait for the next poll', async () => {
    const { clock, faults, consume } = createScene();
    faults.failNext('receive', { kind: 'unavailable' }, { times: Number.POSITIVE_INFINITY });
    const consumer = consume(() => undefined);
    consumer.start();
    await clock.advance(100_000);
    expect((await clock.settle(consumer.stop())).tookMs).toBe(0);
    expect(clock.pendingTimers).toBe(0);
  });
});

describe('stopping with the mode release', () => {
  test('what waits and what runs is handed over in less than a second', async () => {
    const { clock, queue, send, consume, sleep } = createScene({ latencyMs: 20 });
    await send(40);
    const reasons: unknown[] = [];
    const consumer = consume(
      async ({ body }, { signal }) => {
        signal.addEventListener('abort', () => reasons.push(signal.reason));
        // Half of them end when they are told to.
        await sleep(600_000, body % 2 === 0 ? signal : undefined);
      },
      { maxConcurrency: 20, prefetch: 20, settleLingerMs: 5_000 },
    );
    consumer.start();
    await clock.advance(3_000);
    expect(consumer.stats()).toMatchObject({ running: 20, waiting: 20, polls: 0 });
    const report = await clock.settle(consumer.stop({ mode: 'release', timeoutMs: 60_000 }));
    expect(report).toMatchObject({ isClean: true, released: 40, acked: 0, retried: 0, unsettled: 0 });
    expect(report.tookMs).toBeLessThan(1_000);
    expect(report.abandoned).toHaveLength(10);
    expect(queue.messages().every(({ state }) => state === 'visible')).toBe(true);
    expect(reasons).toHaveLength(20);
    expect(reasons.every((reason) => isQueueError(reason, 'stopped'))).toBe(true);
    // Those that go on settle nothing.
    const calls = queue.calls.length;
    await clock.advance(700_000);
    expect(queue.calls).toHaveLength(calls);
    expect(clock.pendingTimers).toBe(0);
  });

  test('a handler that ends when it is told has its message released once it has, not before', async () => {
    const { clock, queue, send, consume, sleep } = createScene();
    await send(1);
    let endedAt = 0;
    const consumer = consume(
      async (_message, { signal }) => {
        await sleep(600_000, signal).catch(() => sleep(300));
        endedAt = clock.monotonic();
        throw new Error('told to end');
      },
      { maxConcurrency: 1, prefetch: 0, failurePolicy: () => expect.unreachable() },
    );
    consumer.start();
    await clock.advance(1_000);
    const stopping = consumer.stop({ mode: 'release' });
    await clock.advance(290);
    expect(queue.messages()[0]?.state).toBe('in-flight');
    const report = await clock.settle(stopping);
    expect(endedAt).toBe(1_300);
    expect(report).toMatchObject({ isClean: true, released: 1, retried: 0, abandoned: [], tookMs: 300 });
    expect(queue.messages()[0]?.state).toBe('visible');
  });

  test('a handler that is told and says with a verdict that it is done has its message deleted', async () => {
    const { clock, queue, send, consume, sleep } = createScene();
    await send(2);
    const consumer = consume(
      async ({ body }, { signal }) => {
        await sleep(600_000, signal).catch(() => undefined);
        return body === 0 ? ack() : undefined; // returning is no word: it may have given up half-way
      },
      { maxConcurrency: 2, prefetch: 0 },
    );
    consumer.start();
    await clock.advance(1_000);
    const report = await clock.settle(consumer.stop({ mode: 'release' }));
    expect(report).toMatchObject({ isClean: true, acked: 1, released: 1, abandoned: [] });
    expect(queue.messages()).toMatchObject([{ body: '1', state: 'visible' }]);
  });

  test('what a long poll under way still brings is released, as with any stop', async () => {
    const { clock, queue, send, consume } = createScene();
    const consumer = consume(() => expect.unreachable());
    consumer.start();
    await clock.advance(5_000);
    const stopping = consumer.stop({ mode: 'release' });
    await clock.advance(2_000);
    await send(3);
    const report = await clock.settle(stopping);
    expect(report).toMatchObject({ isClean: true, released: 3 });
    expect(queue.messages().map(({ state }) => state)).toEqual(['visible', 'visible', 'visible']);
  });

  test('on a FIFO queue the head of a group is released after those behind it', async () => {
    const { clock, queue, send, consume, sleep, calls } = createScene({ fifo: true });
    await send(5);
    const seen: number[] = [];
    const consumer = consume(
      async ({ body }) => {
        seen.push(body);
        await sleep(600_000);
      },
      { waitTimeMs: 1_000 },
    );
    consumer.start();
    await clock.advance(100);
    consumer.pause();
    await clock.advance(2_000);
    await clock.settle(consumer.stop({ mode: 'release' }));
    expect(seen).toEqual([0]);
    expect(queue.messages().map(({ state }) => state)).toEqual(Array(5).fill('visible'));
    expect(calls('changeVisibilityBatch').map(({ entries }) => entries)).toEqual([4, 1]);
  });

  test('a consumer that lets its handlers finish is told to release what runs after all', async () => {
    const { clock, queue, send, consume, sleep } = createScene();
    await send(3);
    const consumer = consume(({ body }, { signal }) => sleep(body === 0 ? 500 : 20_000, signal), {
      waitTimeMs: 1_000,
    });
    consumer.start();
    await clock.advance(100);
    const first = consumer.stop({ timeoutMs: 25_000 });
    await clock.advance(2_000);
    const [report, second] = await clock.settle(Promise.all([first, consumer.stop({ mode: 'release' })]));
    expect(second).toBe(report);
    expect(report).toMatchObject({ isClean: true, acked: 1, released: 2, abandoned: [] });
    expect(report.tookMs).toBeLessThan(2_100);
    expect(queue.messages().map(({ state }) => state)).toEqual(['visible', 'visible']);
  });

  test('it takes no longer than it was given', async () => {
    for (const timeoutMs of [0, 1, 300, 2_000]) {
      const { clock, send, consume } = createScene();
      await send(5);
      const consumer = consume(() => new Promise(() => undefined));
      consumer.start();
      await clock.advance(1_000);
      const report = await clock.settle(consumer.stop({ mode: 'release', timeoutMs }));
      expect(report.tookMs).toBeLessThanOrEqual(timeoutMs);
      expect(report.abandoned).toHaveLength(5);
    }
  });
});

describe('starting and stopping', () => {
  test('stopping what does not run resolves at once', async () => {
    const { consume } = createScene();
    expect(await consume(() => undefined).stop()).toMatchObject({ isClean: true, tookMs: 0 });
  });

  test('a second stop resolves with the same report', async () => {
    const { clock, send, consume, sleep } = createScene();
    await send(1);
    const consumer = consume(() => sleep(1_000), { waitTimeMs: 1_000 });
    consumer.start();
    await clock.advance(10);
    const [first, second] = await clock.settle(
      Promise.all([consumer.stop(), consumer.stop({ timeoutMs: 0 })]),
    );
    expect(second).toBe(first);
    expect(first.acked).toBe(1);
  });

  test('a start while it stops takes effect when it has stopped, and the last word counts', async () => {
    const { clock, send, consume } = createScene();
    const consumer = consume(() => undefined, { waitTimeMs: 1_000 });
    consumer.start();
    await clock.advance(10);
    const stopping = consumer.stop();
    consumer.start();
    expect(consumer.stats().state).toBe('stopping');
    await clock.settle(stopping);
    expect(consumer.stats().state).toBe('running');
    await send(1);
    await clock.advance(100);
    expect(consumer.stats().acked).toBe(1);
    const last = consumer.stop();
    consumer.start();
    void consumer.stop();
    await clock.settle(last);
    await clock.advance(60_000);
    expect(consumer.stats()).toMatchObject({ state: 'stopped', polls: 0 });
  });

  test('regression: a pause was forgotten that came after a start, while the consumer stopped', async () => {
    const { clock, consume, calls } = createScene();
    const consumer = consume(() => undefined, { waitTimeMs: 1_000 });
    consumer.start();
    await clock.advance(10);
    const stopping = consumer.stop();
    consumer.start();
    consumer.pause();
    await clock.settle(stopping);
    expect(consumer.stats()).toMatchObject({ state: 'paused', polls: 0 });
    expect(calls('receive').length).toBe(1);
    consumer.resume();
    expect(consumer.stats()).toMatchObject({ state: 'running', polls: 1 });
    await clock.settle(consumer.stop());
  });

  test('a consumer is stopped when it goes out of scope', async () => {
    const { clock, send, consume, queue } = createScene();
    await send(1);
    const use = async (): Promise<void> => {
      await using consumer = consume(() => undefined, { waitTimeMs: 1_000 });
      consumer.start();
      await new Promise((resolve) => clock.setTimer(() => resolve(undefined), 500));
    };
    await clock.settle(use());
    expect(queue.messages()).toEqual([]);
    expect(clock.pendingTimers).toBe(0);
  });

  test('a consumer that was paused polls again after a stop and a start', async () => {
    const { clock, consume } = createScene();
    const consumer = consume(() => undefined);
    consumer.start();
    consumer.pause();
    await clock.settle(consumer.stop());
    consumer.start();
    expect(consumer.stats()).toMatchObject({ state: 'running', polls: 1 });
    await clock.settle(consumer.stop());
  });

  test('a wrong time to stop in is refused', async () => {
    const { consume } = createScene();
    await expect(consume(() => undefined).stop({ timeoutMs: -1 })).rejects.toThrow(/timeoutMs/);
  });
});
