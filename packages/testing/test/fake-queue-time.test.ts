import type { Clock } from '@sqskit/core/clock';
import { describe, expect, test } from 'vitest';
import { createFakeClock, createFakeQueue } from '../src/index.ts';
import { bodies, codes, setUp } from './queue-set-up.ts';

const hour = 3_600_000;

describe('time', () => {
  test('milliseconds become whole seconds on the wire, rounded up', async () => {
    const { clock, queue, send, receive } = setUp({ visibilityTimeoutMs: 1_001 });
    await send({ body: 'delayed', delayMs: 1 });
    await clock.advance(999);
    expect(await clock.settle(queue.depth())).toEqual({ visible: 0, inFlight: 0, delayed: 1 });
    await clock.advance(1);
    const [message] = await receive();
    expect(message?.body).toBe('delayed');
    await clock.advance(1_999);
    expect(queue.messages()).toMatchObject([{ state: 'in-flight' }]);
    await clock.advance(1);
    expect(queue.messages()).toMatchObject([{ state: 'visible', receiveCount: 1 }]);
    expect((await clock.settle(queue.describe())).visibilityTimeoutMs).toBe(2_000);
    const startedAt = clock.monotonic();
    await receive(1);
    await receive(1, 100);
    expect(clock.monotonic() - startedAt).toBe(1_000);
  });

  test('the queue’s own delay holds for messages without one', async () => {
    const { queue, send } = setUp({ delayMs: 5_000 });
    await send({ body: 'a' }, { body: 'b', delayMs: 0 });
    expect(queue.messages().map(({ state }) => state)).toEqual(['delayed', 'visible']);
  });

  test('a call whose timer is late on the way there makes up for it on the way back', async () => {
    const fake = createFakeClock();
    const lateMs = 2;
    const late: Clock = {
      now: () => fake.now(),
      monotonic: () => fake.monotonic(),
      setTimer: (callback, delayMs, options) => fake.setTimer(callback, delayMs + lateMs, options),
    };
    const queue = createFakeQueue({ clock: late, latencyMs: 100 });
    await fake.settle(queue.sendBatch([{ body: 'a' }]));
    expect(fake.monotonic()).toBe(100 + lateMs);
  });

  test('a call takes effect half way: the lease begins before the answer is there', async () => {
    const { clock, queue } = setUp({ latencyMs: 100, visibilityTimeoutMs: 1_000 });
    const sending = queue.sendBatch([{ body: 'a' }]);
    await clock.advance(50);
    expect(queue.messages()).toHaveLength(1);
    await clock.settle(sending);
    expect(clock.monotonic()).toBe(100);
    const sentAtMs = queue.messages()[0]?.sentAtMs;
    expect(sentAtMs).toBe(clock.now() - 50);
    await clock.settle(queue.receive({ maxMessages: 1, waitTimeMs: 0 }));
    await clock.advance(949);
    expect(queue.messages()).toMatchObject([{ state: 'in-flight' }]);
    await clock.advance(1);
    expect(queue.messages()).toMatchObject([{ state: 'visible' }]);
  });

  test('a message can be kept for 12 hours from its receive, however often it is extended', async () => {
    const { clock, send, receive, change } = setUp();
    await send({ body: 'long' });
    const [message] = await receive();
    const handle = message?.receiptHandle ?? '';
    expect(codes(await change(handle, 12 * hour))).toEqual(['ok']);
    await clock.advance(6 * hour);
    expect(codes(await change(handle, 6 * hour + 1_000))).toEqual(['InvalidParameterValue']);
    expect(codes(await change(handle, 6 * hour))).toEqual(['ok']);
    expect(codes(await change(handle, 13 * hour))).toEqual(['InvalidParameterValue']);
    expect(codes(await change(handle, -1))).toEqual(['InvalidParameterValue']);
  });

  test('a deduplication id is remembered for five minutes', async () => {
    const { clock, queue, send } = setUp({ fifo: true });
    const entry = { body: 'a', groupId: 'g', deduplicationId: 'd' };
    const [first] = await send(entry);
    await clock.advance(299_999);
    expect(await send(entry)).toEqual([first]);
    await clock.advance(1);
    expect(await send(entry)).not.toEqual([first]);
    expect(bodies(queue.accepted)).toEqual(['a', 'a']);
  });

  test('a receive outside the ranges of SQS is refused', async () => {
    const { clock, queue } = setUp();
    for (const request of [
      { maxMessages: 0, waitTimeMs: 0 },
      { maxMessages: 11, waitTimeMs: 0 },
      { maxMessages: 1, waitTimeMs: 20_001 },
      { maxMessages: 1, waitTimeMs: 0, visibilityTimeoutMs: 12 * hour + 1 },
    ]) {
      await expect(clock.settle(queue.receive(request))).rejects.toMatchObject({
        code: 'service-error',
        details: { awsCode: 'InvalidParameterValue' },
      });
    }
  });
});

describe('long polls', () => {
  test('are served in the order in which they came, each with as much as it asked for', async () => {
    const { clock, queue, send } = setUp();
    const first = queue.receive({ maxMessages: 2, waitTimeMs: 20_000 });
    const second = queue.receive({ maxMessages: 10, waitTimeMs: 20_000 });
    await clock.advance(1_000);
    await send({ body: 'a' }, { body: 'b' }, { body: 'c' });
    expect([bodies(await first), bodies(await second)]).toEqual([['a', 'b'], ['c']]);
    expect(clock.monotonic()).toBe(1_000);
    expect(clock.pendingTimers).toBe(0);
  });

  test('end when a delay or a visibility timeout does', async () => {
    const { clock, send, receive } = setUp({ visibilityTimeoutMs: 3_000 });
    await send({ body: 'a', delayMs: 2_000 });
    await receive(1, 20_000);
    expect(clock.monotonic()).toBe(2_000);
    await receive(1, 20_000);
    expect(clock.monotonic()).toBe(5_000);
  });

  test('end when the group of a message that waits is free again', async () => {
    const { clock, queue, send, receive } = setUp({ fifo: true });
    await send(...['a', 'b'].map((body) => ({ body, groupId: 'g', deduplicationId: body })));
    const [head] = await receive(1);
    const waiting = queue.receive({ maxMessages: 1, waitTimeMs: 20_000 });
    await clock.advance(1_000);
    await clock.settle(queue.deleteBatch([head?.receiptHandle ?? '']));
    expect(bodies(await waiting)).toEqual(['b']);
  });

  test('that are aborted on their way take nothing', async () => {
    const { clock, queue, send } = setUp({ latencyMs: 100 });
    await send({ body: 'a' });
    const stop = new AbortController();
    const poll = queue
      .receive({ maxMessages: 1, waitTimeMs: 20_000 }, { signal: stop.signal })
      .catch((error: unknown) => error);
    await clock.advance(49);
    stop.abort();
    await expect(poll).resolves.toMatchObject({ code: 'aborted', outcome: 'rejected' });
    await clock.advance(1_000);
    expect(queue.messages()).toMatchObject([{ state: 'visible', receiveCount: 0 }]);
    expect(clock.pendingTimers).toBe(0);
  });

  test('that are aborted while their messages are on the way leave them in flight, and say unknown', async () => {
    const { clock, queue, send } = setUp({ latencyMs: 100 });
    await send({ body: 'a' });
    const stop = new AbortController();
    const poll = queue
      .receive({ maxMessages: 1, waitTimeMs: 20_000 }, { signal: stop.signal })
      .catch((error: unknown) => error);
    await clock.advance(51);
    stop.abort();
    await expect(poll).resolves.toMatchObject({ code: 'aborted', outcome: 'unknown' });
    expect(queue.messages()).toMatchObject([{ state: 'in-flight' }]);
    await clock.advance(30_000);
    expect(queue.messages()).toMatchObject([{ state: 'visible', receiveCount: 1 }]);
  });
});

describe('batch calls that are aborted under way', () => {
  test('take effect all the same, and each entry is unknown', async () => {
    const { clock, queue } = setUp({ latencyMs: 100 });
    const stop = new AbortController();
    const sending = queue.sendBatch([{ body: 'a' }, { body: 'b' }], { signal: stop.signal });
    await clock.advance(10);
    stop.abort();
    expect(await sending).toMatchObject([
      { ok: false, error: { code: 'aborted', outcome: 'unknown' } },
      { ok: false, error: { code: 'aborted', outcome: 'unknown' } },
    ]);
    await clock.advance(100);
    expect(bodies(queue.accepted)).toEqual(['a', 'b']);
  });
});
