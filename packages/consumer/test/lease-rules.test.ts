// What a lease promises, sentence by sentence, where `leases.test.ts` has no test of it.

import type { Verdict } from '@sqskit/core';
import type { Clock } from '@sqskit/core/clock';
import type { FakeClock } from '@sqskit/testing';
import { expect, test } from 'vitest';
import { release, retry } from '../src/index.ts';
import { packing, packOf } from './packing.ts';
import { altered, createScene } from './scene.ts';

/** A clock whose time leaps while its timers stay where they are, as they do when the event loop is blocked. */
function leaping(clock: FakeClock): Clock & { leap(ms: number): void } {
  let skewMs = 0;
  return {
    now: () => clock.now() + skewMs,
    monotonic: () => clock.monotonic() + skewMs,
    setTimer: (callback, delayMs, options) => clock.setTimer(callback, delayMs, options),
    leap(ms) {
      skewMs += ms;
    },
  };
}

test('messages that waited while the event loop was blocked for longer than their leases are not run', async () => {
  const { clock, send, consume, calls, errors } = createScene();
  await send(4);
  const blocked = leaping(clock);
  const runs: number[] = [];
  const consumer = consume(
    ({ body }) => {
      runs.push(body);
      if (runs.length === 1) {
        blocked.leap(31_000);
      }
    },
    { maxConcurrency: 1, prefetch: 3, clock: blocked },
  );
  consumer.start();
  await clock.advance(10);
  expect(runs).toEqual([0]);
  expect(calls('deleteBatch')).toEqual([]);
  expect(calls('changeVisibilityBatch')).toEqual([]);
  expect(consumer.stats()).toMatchObject({ leasesLost: 3, unsettled: 1, waiting: 0, running: 0 });
  expect(errors.map(({ error }) => Reflect.get(Object(error), 'code'))).toEqual(Array(4).fill('lease-lost'));
  await clock.settle(consumer.stop({ timeoutMs: 1_000 }));
});

test('nor are the other messages of a pack', async () => {
  const { clock, queue, sendRaw, consume } = createScene();
  await sendRaw(packOf(0, 1, 2, 3));
  const blocked = leaping(clock);
  const runs: number[] = [];
  const consumer = consume<number>(
    ({ body }) => {
      runs.push(body);
      if (runs.length === 2) {
        blocked.leap(31_000);
      }
    },
    { envelope: packing(), maxConcurrency: 1, prefetch: 3, clock: blocked },
  );
  consumer.start();
  await clock.advance(10);
  expect(runs).toEqual([0, 1]);
  expect(consumer.stats()).toMatchObject({ leasesLost: 1, waiting: 0, running: 0, settling: 0 });
  expect(queue.messages()).toHaveLength(1);
  await clock.settle(consumer.stop({ timeoutMs: 1_000 }));
});

test('nor are those behind the head of a group', async () => {
  const { clock, send, consume, sleep } = createScene({ fifo: true });
  await send(4, { groups: ['a', 'b'] });
  const blocked = leaping(clock);
  const runs: number[] = [];
  const consumer = consume(
    async ({ body }) => {
      runs.push(body);
      await sleep(1_000);
      blocked.leap(31_000);
    },
    { maxConcurrency: 1, prefetch: 3, clock: blocked, waitTimeMs: 500 },
  );
  consumer.start();
  await clock.advance(500);
  consumer.pause();
  await clock.advance(600);
  expect(runs).toEqual([0]);
  expect(consumer.stats()).toMatchObject({ acked: 0, waiting: 0, running: 0 });
  await clock.settle(consumer.stop({ timeoutMs: 1_000 }));
});

test('nor are the others of a pack of a group', async () => {
  const { clock, sendRaw, consume, sleep } = createScene({ fifo: true });
  await sendRaw({ ...packOf(0, 1, 2), groupId: 'a', deduplicationId: 'p' });
  const blocked = leaping(clock);
  const runs: number[] = [];
  const consumer = consume<number>(
    async ({ body }) => {
      runs.push(body);
      await sleep(100);
      blocked.leap(31_000);
    },
    { envelope: packing(), clock: blocked, waitTimeMs: 500 },
  );
  consumer.start();
  await clock.advance(50);
  consumer.pause();
  await clock.advance(1_000);
  expect(runs).toEqual([0]);
  expect(consumer.stats()).toMatchObject({ acked: 0, waiting: 0, running: 0, settling: 0 });
  await clock.settle(consumer.stop({ timeoutMs: 1_000 }));
});

test('a block that is shorter than the leases costs none of them', async () => {
  const { clock, queue, send, consume } = createScene();
  await send(4);
  const blocked = leaping(clock);
  const consumer = consume(() => blocked.leap(7_000), { maxConcurrency: 1, prefetch: 3, clock: blocked });
  consumer.start();
  await clock.advance(1_000);
  expect(consumer.stats()).toMatchObject({ acked: 4, leasesLost: 0 });
  expect(queue.messages()).toEqual([]);
  await clock.settle(consumer.stop({ timeoutMs: 1_000 }));
});

test('a lease is counted from when its receive was answered', async () => {
  const { clock, faults, send, consume, sleep, calls } = createScene();
  await send(1);
  faults.failNext('receive', { kind: 'slow-reply', delayMs: 3_000 });
  const consumer = consume(() => sleep(60_000), { visibilityTimeoutMs: 20_000 });
  consumer.start();
  await clock.advance(14_000);
  expect(calls('changeVisibilityBatch').map(({ atMs }) => atMs)).toEqual([13_020]);
  await clock.settle(consumer.stop({ timeoutMs: 1_000 }));
});

test.each([
  ['a back-off', (): Verdict => retry({ delayMs: 40_000 }), 40_000],
  ['a release', (): Verdict => release(), 0],
])('%s waits for the renewal that is under way, and no renewal follows it', async (_what, end, lastMs) => {
  const { clock, faults, send, consume, sleep, calls } = createScene({ latencyMs: 100 });
  await send(1);
  faults.failNext('changeVisibilityBatch', { kind: 'slow-reply', delayMs: 1_000 });
  const consumer = consume(
    async () => {
      await sleep(10_200); // the renewal is called 10,020 ms after the receive
      return end();
    },
    { visibilityTimeoutMs: 20_000, waitTimeMs: 1_000 },
  );
  consumer.start();
  await clock.advance(5_000);
  consumer.pause();
  await clock.advance(60_000);
  const [renewal, settling, ...more] = calls('changeVisibilityBatch');
  expect(renewal?.given).toMatchObject([{ visibilityTimeoutMs: 20_000 }]);
  expect(settling?.given).toMatchObject([{ visibilityTimeoutMs: lastMs }]);
  expect(settling?.atMs).toBeGreaterThanOrEqual((renewal?.atMs ?? 0) + 1_000);
  expect(more).toEqual([]);
  await clock.settle(consumer.stop());
});

test('a delete waits for the renewal that is under way, and none follows it', async () => {
  const { clock, faults, send, consume, sleep, calls, errors } = createScene({ latencyMs: 100 });
  await send(1);
  faults.failNext('changeVisibilityBatch', { kind: 'slow-reply', delayMs: 4_000 });
  const consumer = consume(() => sleep(10_200), { visibilityTimeoutMs: 20_000, waitTimeMs: 1_000 });
  consumer.start();
  await clock.advance(60_000);
  const [renewal, ...more] = calls('changeVisibilityBatch');
  const deletes = calls('deleteBatch');
  expect(deletes.map(({ atMs }) => atMs - (renewal?.atMs ?? 0))).toEqual([4_100]);
  expect({ more, errors }).toEqual({ more: [], errors: [] });
  expect(consumer.stats()).toMatchObject({ acked: 1, settling: 0, leasesLost: 0 });
  await clock.settle(consumer.stop());
});

test('the other deletes of its batch do not wait, whose messages have no renewal under way', async () => {
  const { clock, faults, send, consume, sleep, calls } = createScene({ latencyMs: 100 });
  await send(1);
  faults.failNext('changeVisibilityBatch', { kind: 'slow-reply', delayMs: 4_000 });
  const consumer = consume(({ body }) => sleep(body === 0 ? 11_000 : 3_000), {
    visibilityTimeoutMs: 20_000,
    waitTimeMs: 1_000,
  });
  consumer.start();
  await clock.advance(7_900);
  await send(3);
  await clock.advance(30_000);
  const [renewal] = calls('changeVisibilityBatch');
  const deletes = calls('deleteBatch');
  expect(deletes.map(({ entries }) => entries)).toEqual([3, 1]);
  expect(deletes[0]?.atMs).toBeLessThan((renewal?.atMs ?? 0) + 2_000);
  expect(deletes[1]?.atMs).toBe((renewal?.atMs ?? 0) + 4_100);
  await clock.settle(consumer.stop());
});

test('a renewal that never answers keeps a delete for no longer than its call takes, and the lease is left', async () => {
  const { clock, queue, send, consume, sleep, calls } = createScene({ latencyMs: 100 });
  await send(1);
  let renewals = 0;
  const hanging = altered(queue, {
    changeVisibilityBatch() {
      renewals++;
      return new Promise(() => undefined);
    },
  });
  const options = { visibilityTimeoutMs: 20_000, waitTimeMs: 1_000 };
  const consumer = consume(() => sleep(10_200), options, hanging);
  consumer.start();
  await clock.advance(60_000);
  expect(calls('deleteBatch').map(({ atMs }) => atMs)).toEqual([15_220]);
  expect(renewals).toBe(1);
  expect(consumer.stats()).toMatchObject({ acked: 1, received: 1, unsettled: 0, leasesLost: 0 });
  await clock.settle(consumer.stop());
});

test('a renewal that failed while a delete waited for it is not repeated', async () => {
  const { clock, faults, send, consume, sleep, calls, errors } = createScene({ latencyMs: 500 });
  await send(1);
  faults.failNext('changeVisibilityBatch', { kind: 'throttle' });
  const consumer = consume(() => sleep(10_200), { visibilityTimeoutMs: 20_000, waitTimeMs: 1_000 });
  consumer.start();
  await clock.advance(60_000);
  const [renewal, ...more] = calls('changeVisibilityBatch');
  expect(calls('deleteBatch').map(({ atMs }) => atMs - (renewal?.atMs ?? 0))).toEqual([500]);
  expect({ more, errors }).toEqual({ more: [], errors: [] });
  await clock.settle(consumer.stop());
});

test('regression: renewals that failed were repeated beside a delete that failed too, which waited for them until the lease was over', async () => {
  const { clock, faults, send, consume, calls } = createScene();
  await send(1);
  for (const verb of ['deleteBatch', 'changeVisibilityBatch'] as const) {
    faults.failNext(verb, { kind: 'throttle' }, { times: Number.POSITIVE_INFINITY });
  }
  const consumer = consume(() => undefined, { visibilityTimeoutMs: 20_000 });
  consumer.start();
  await clock.advance(14_000);
  const [renewal, ...more] = calls('changeVisibilityBatch');
  expect(renewal?.atMs).toBeGreaterThanOrEqual(10_000);
  expect(more).toEqual([]);
  faults.clear();
  await clock.advance(6_000);
  expect(consumer.stats()).toMatchObject({ acked: 1, received: 1, unsettled: 0 });
  await clock.settle(consumer.stop());
});

test('a message is not deleted where the renewal that its delete waited for found its lease lost', async () => {
  const { clock, faults, send, consume, sleep, calls, errors } = createScene({ latencyMs: 500 });
  await send(1);
  faults.failNext('changeVisibilityBatch', { kind: 'entry-rejection', awsCode: 'ReceiptHandleIsInvalid' });
  let runs = 0;
  const consumer = consume(
    () => {
      runs++;
      return sleep(10_200);
    },
    { visibilityTimeoutMs: 20_000, waitTimeMs: 1_000 },
  );
  consumer.start();
  await clock.advance(15_000);
  expect(calls('deleteBatch')).toEqual([]);
  expect(errors).toMatchObject([{ error: { code: 'lease-lost' }, context: { during: 'settle' } }]);
  expect(consumer.stats()).toMatchObject({ acked: 0, unsettled: 1, leasesLost: 0, settling: 0 });
  await clock.advance(30_000);
  // It has come again, and is deleted without a run.
  expect(calls('deleteBatch')).toHaveLength(1);
  expect(runs).toBe(1);
  await clock.settle(consumer.stop());
});

test('a message that came again is not deleted beside a renewal of its delivery before, given up but under way', async () => {
  const { clock, queue, send, consume, sleep, calls } = createScene();
  await send(1);
  const hanging = altered(queue, { changeVisibilityBatch: () => new Promise(() => undefined) });
  const consumer = consume(
    async ({ receiveCount }, { signal }) => {
      await sleep(receiveCount === 1 ? 60_000 : 0, signal);
    },
    { visibilityTimeoutMs: 20_000, random: () => 0.99 },
    hanging,
  );
  consumer.start();
  await clock.advance(20_100);
  // Lost at 20,000 ms and come again then; the second call that was to renew it began at 15,119 ms, and takes 5,000.
  expect(consumer.stats()).toMatchObject({ leasesLost: 1, received: 2, settling: 1 });
  expect(calls('deleteBatch')).toEqual([]);
  await clock.advance(100);
  expect(calls('deleteBatch').map(({ atMs }) => atMs)).toEqual([20_119]);
  expect(queue.messages()).toEqual([]);
  await clock.settle(consumer.stop());
});

test('while a delete goes unanswered its message is renewed between two attempts of it, and its lease is kept', async () => {
  const { clock, queue, send, consume } = createScene({ latencyMs: 100 });
  await send(1);
  const calls: { readonly verb: string; readonly fromMs: number; readonly untilMs: number }[] = [];
  async function noted<R>(verb: string, signal: AbortSignal | undefined, call: Promise<R>): Promise<R> {
    const fromMs = clock.monotonic();
    const aborted = new Promise<R>((_resolve, reject) => {
      signal?.addEventListener('abort', () => reject(signal.reason));
    });
    return Promise.race([call, aborted]).finally(() => {
      calls.push({ verb, fromMs, untilMs: clock.monotonic() });
    });
  }
  const hanging = altered(queue, {
    deleteBatch: (_handles, options) => noted('delete', options?.signal, new Promise(() => undefined)),
    changeVisibilityBatch: (changes, options) =>
      noted('renew', options?.signal, queue.changeVisibilityBatch(changes, options)),
  });
  const consumer = consume(() => undefined, { visibilityTimeoutMs: 12_000 }, hanging);
  consumer.start();
  await clock.advance(60_000);
  expect(consumer.stats()).toMatchObject({ received: 1, settling: 1, unsettled: 0, leasesLost: 0 });
  const renewals = calls.filter(({ verb }) => verb === 'renew').length;
  expect(renewals).toBeGreaterThanOrEqual(6);
  expect(renewals).toBeLessThanOrEqual(10);
  for (const [index, { fromMs }] of calls.entries()) {
    expect(fromMs).toBeGreaterThanOrEqual(calls[index - 1]?.untilMs ?? 0);
  }
  await clock.settle(consumer.stop({ timeoutMs: 1_000 }));
});

test('no renewal goes beside a delete that is answered in time', async () => {
  const { clock, send, consume, sleep, calls } = createScene({ latencyMs: 100 });
  await send(1);
  const consumer = consume(() => sleep(9_950), { visibilityTimeoutMs: 20_000, waitTimeMs: 1_000 });
  consumer.start();
  await clock.advance(60_000);
  expect(calls('deleteBatch')).toHaveLength(1);
  expect(calls('changeVisibilityBatch')).toEqual([]);
  await clock.settle(consumer.stop());
});

test('a renewal that waits for its next attempt is taken back when its message is deleted', async () => {
  const { clock, faults, send, consume, sleep, calls } = createScene();
  await send(1);
  faults.failNext('changeVisibilityBatch', { kind: 'throttle' });
  const consumer = consume(() => sleep(5_030), { visibilityTimeoutMs: 10_000, random: () => 0.99 });
  consumer.start();
  await clock.advance(60_000);
  expect(calls('changeVisibilityBatch')).toHaveLength(1);
  expect(calls('deleteBatch')).toHaveLength(1);
  await clock.settle(consumer.stop());
});

test('regression: a renewal under way when its message was deleted was forgotten, and made again too early', async () => {
  const { clock, faults, send, consume, sleep, calls } = createScene({ latencyMs: 100 });
  await send(1);
  faults.failNext('changeVisibilityBatch', { kind: 'slow-reply', delayMs: 1_000 });
  faults.failNext('deleteBatch', { kind: 'unavailable' }, { times: Number.POSITIVE_INFINITY });
  const consumer = consume(() => sleep(10_200), { visibilityTimeoutMs: 20_000 });
  consumer.start();
  await clock.advance(18_000);
  expect(calls('changeVisibilityBatch')).toHaveLength(1);
  faults.clear();
  await clock.advance(10_000);
  expect(consumer.stats()).toMatchObject({ acked: 1, settling: 0 });
  await clock.settle(consumer.stop());
});

test('after a lost lease nothing is called for the message any more, whatever its handler says', async () => {
  for (const end of [() => undefined, () => retry(), () => release()]) {
    const { clock, faults, send, consume, sleep, calls } = createScene();
    await send(1);
    faults.failNext('changeVisibilityBatch', { kind: 'entry-rejection', awsCode: 'ReceiptHandleIsInvalid' });
    const consumer = consume(
      async () => {
        await sleep(15_000);
        return end();
      },
      { visibilityTimeoutMs: 20_000, waitTimeMs: 1_000 },
    );
    consumer.start();
    await clock.advance(5_000);
    consumer.pause();
    await clock.advance(300_000);
    expect(calls('changeVisibilityBatch')).toHaveLength(1);
    expect(calls('deleteBatch')).toEqual([]);
    expect(consumer.stats()).toMatchObject({ leasesLost: 1, running: 0, settling: 0, unsettled: 0 });
    await clock.settle(consumer.stop());
  }
});

test('a hundred messages cost a tenth of the renewals that they would cost one by one', async () => {
  const { clock, send, consume, sleep, calls } = createScene({ latencyMs: 20 });
  const consumer = consume(() => sleep(300_000), { maxConcurrency: 100, visibilityTimeoutMs: 30_000 });
  consumer.start();
  for (let count = 0; count < 10; count++) {
    await send(10);
    await clock.advance(1_000);
  }
  await clock.advance(270_000);
  expect(consumer.stats()).toMatchObject({ running: 100, leasesLost: 0 });
  const renewals = calls('changeVisibilityBatch').reduce((sum, { entries }) => sum + entries, 0);
  expect(renewals).toBeGreaterThan(1_500);
  expect(calls('changeVisibilityBatch').length).toBeLessThanOrEqual(renewals / 9);
  await clock.settle(consumer.stop({ timeoutMs: 1_000 }));
});
