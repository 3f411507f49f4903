import { expect, test } from 'vitest';
import { packing, packOf } from './packing.ts';
import { altered, createScene } from './scene.ts';

test('the drain time is what the backlog takes all slots, by the slot time of late', async () => {
  const { clock, send, consume, sleep } = createScene({ latencyMs: 10 });
  await send(500);
  // One in ten takes a second, the rest a tenth of one: 190 ms on average.
  const consumer = consume(({ body }) => sleep(body % 10 === 0 ? 1_000 : 100), { maxConcurrency: 10 });
  consumer.start();
  await clock.advance(4_000);
  const startedAt = clock.monotonic();
  const { backlog, drainMs = 0 } = await clock.settle(consumer.estimateDrain());
  expect(backlog).toBeGreaterThan(250);
  const waiting = consumer.stats().waiting + consumer.stats().running;
  while (consumer.stats().acked < 500) {
    await clock.advance(50);
  }
  const tookMs = clock.monotonic() - startedAt;
  // What was in hand already is not in the backlog.
  const expectedMs = (tookMs * backlog) / (backlog + waiting);
  expect(drainMs).toBeGreaterThan(expectedMs * 0.85);
  expect(drainMs).toBeLessThan(expectedMs * 1.15);
  expect(await clock.settle(consumer.estimateDrain())).toEqual({ backlog: 0, drainMs: 0 });
  await clock.settle(consumer.stop());
});

test('a pack counts with all that is in it', async () => {
  const { clock, sendRaw, consume, sleep } = createScene();
  for (let pack = 0; pack < 30; pack++) {
    await sendRaw(packOf(1, 2, 3, 4, 5, 6, 7, 8));
  }
  const consumer = consume(() => sleep(100), { envelope: packing(), maxConcurrency: 4, prefetch: 0 });
  consumer.start();
  await clock.advance(2_050);
  const { backlog, drainMs = 0 } = await clock.settle(consumer.estimateDrain());
  expect(backlog).toBeGreaterThan(15);
  // Eight messages of 100 ms in four slots.
  expect(drainMs / backlog).toBeGreaterThan(190);
  expect(drainMs / backlog).toBeLessThan(240);
  await clock.settle(consumer.stop());
});

test('before anything has run nobody knows', async () => {
  const { clock, send, consume } = createScene();
  await send(7);
  const consumer = consume(() => undefined);
  expect(await clock.settle(consumer.estimateDrain())).toEqual({ backlog: 7, drainMs: undefined });
});

test('it rejects where the depth is not told', async () => {
  const { queue, consume } = createScene();
  const failure = new Error('no permission');
  const consumer = consume(() => undefined, {}, altered(queue, { depth: () => Promise.reject(failure) }));
  await expect(consumer.estimateDrain()).rejects.toBe(failure);
});

test('calls for each message are counted', async () => {
  const { clock, send, consume, calls } = createScene();
  await send(100);
  const consumer = consume(() => undefined, { maxConcurrency: 100, waitTimeMs: 1_000 });
  expect(consumer.stats().callsPerMessage).toBeUndefined();
  consumer.start();
  await clock.advance(500);
  const made = calls('receive').length + calls('deleteBatch').length;
  expect(consumer.stats().callsPerMessage).toBe(made / 100);
  await clock.settle(consumer.stop());
});
