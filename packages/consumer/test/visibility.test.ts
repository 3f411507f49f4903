import { createFakeClock } from '@sqskit/testing';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { takeLease } from '../src/lease.ts';
import { type AdaptiveVisibilityOptions, createVisibility, type Visibility } from '../src/visibility.ts';
import { createScene } from './scene.ts';

const create = (adaptiveVisibility: AdaptiveVisibilityOptions | undefined): Visibility =>
  createVisibility({ visibilityTimeoutMs: 60_000, adaptiveVisibility, clock: createFakeClock() });

/** Of a message that took so long, on a clock that stands at 0. */
const after = (ms: number): Parameters<Visibility['settled']>[0] => takeLease(-ms, 60_000);

test('without options it is always the same', () => {
  const visibility = create(undefined);
  for (let count = 0; count < 1_000; count++) {
    visibility.settled(after(5));
  }
  expect(visibility.receiveMs()).toBe(60_000);
  expect(visibility.renewalMs(takeLease(0, 60_000), 30_000)).toBe(60_000);
});

test('it is a multiple of the 99th percentile of the time in hand, once enough is known', () => {
  const visibility = create({});
  for (let count = 1; count < 20; count++) {
    visibility.settled(after(5_000));
  }
  expect(visibility.receiveMs()).toBe(60_000);
  visibility.settled(after(5_000));
  expect(visibility.receiveMs()).toBeGreaterThanOrEqual(15_000);
  expect(visibility.receiveMs()).toBeLessThanOrEqual(16_000);
});

test('it is a whole number of seconds between the shortest and the longest, whatever was measured', () => {
  const times = fc.array(fc.nat({ max: 40_000_000 }), { minLength: 20, maxLength: 300 });
  fc.assert(
    fc.property(
      times,
      fc.integer({ min: 1, max: 30 }),
      fc.integer({ min: 30, max: 900 }),
      (values, min, max) => {
        const visibility = create({ minMs: min * 1_000, maxMs: max * 1_000 });
        for (const value of values) {
          visibility.settled(after(value));
        }
        const asked = visibility.receiveMs();
        expect(asked % 1_000).toBe(0);
        expect(asked).toBeGreaterThanOrEqual(min * 1_000);
        expect(asked).toBeLessThanOrEqual(max * 1_000);
      },
    ),
  );
});

test('a renewal is never shorter than the lease was, and grows with the time in hand up to the longest', () => {
  const visibility = create({ maxMs: 300_000 });
  for (let count = 0; count < 100; count++) {
    visibility.settled(after(10));
  }
  expect(visibility.receiveMs()).toBe(10_000);
  expect(visibility.renewalMs(takeLease(0, 10_000), 5_000)).toBe(10_000);
  expect(visibility.renewalMs(takeLease(0, 60_000), 30_000)).toBe(60_000);
  expect(visibility.renewalMs(takeLease(0, 10_000), 100_000)).toBe(100_000);
  expect(visibility.renewalMs(takeLease(0, 10_000), 1_000_000)).toBe(300_000);
});

test('bounds that exclude each other are refused, at construction', () => {
  const { consume } = createScene();
  const wrong = { adaptiveVisibility: { minMs: 20_000, maxMs: 10_000 } };
  expect(() => consume(() => undefined, wrong)).toThrow(/\[option-invalid\] adaptiveVisibility: .*`maxMs`/);
  expect(() => consume(() => undefined, { adaptiveVisibility: { factor: 0 } })).toThrow(/`factor`/);
});

test('the lease of quick messages gets short, so that those of a crash come again soon', async () => {
  const { clock, send, consume, sleep, calls } = createScene();
  const consumer = consume(() => sleep(1_000), {
    visibilityTimeoutMs: 120_000,
    adaptiveVisibility: {},
    maxConcurrency: 20,
    waitTimeMs: 1_000,
  });
  consumer.start();
  await send(200);
  await clock.advance(30_000);
  const asked = calls('receive').map(({ given }) => given.visibilityTimeoutMs);
  expect(asked[0]).toBe(120_000);
  expect(asked.at(-1)).toBe(10_000);
  expect(consumer.stats()).toMatchObject({ acked: 200, leasesLost: 0 });
  await clock.settle(consumer.stop());
});

test('the lease of slow messages gets long, so that hardly any is renewed; waiting for a slot counts', async () => {
  const { clock, send, consume, sleep, calls } = createScene();
  const consumer = consume(() => sleep(20_000), {
    visibilityTimeoutMs: 30_000,
    adaptiveVisibility: { maxMs: 600_000 },
    maxConcurrency: 10,
    prefetch: 10,
    waitTimeMs: 1_000,
  });
  consumer.start();
  await send(200);
  await clock.advance(200_000);
  const renewals = calls('changeVisibilityBatch').length;
  expect(renewals).toBeGreaterThan(0);
  // A message waits for 20 s and runs for 20 s.
  expect(calls('receive').at(-1)?.given.visibilityTimeoutMs).toBeGreaterThanOrEqual(120_000);
  await clock.advance(250_000);
  expect(consumer.stats()).toMatchObject({ acked: 200, leasesLost: 0 });
  expect(calls('changeVisibilityBatch')).toHaveLength(renewals);
  await clock.settle(consumer.stop());
});

test('a message that takes far longer than the others is renewed a few times, not again and again', async () => {
  const { clock, send, consume, sleep, calls } = createScene();
  const consumer = consume(({ body }) => sleep(body === 99 ? 3_600_000 : 100), {
    adaptiveVisibility: { maxMs: 1_800_000 },
    waitTimeMs: 1_000,
  });
  consumer.start();
  await send(99);
  await clock.advance(10_000);
  await send(1);
  await clock.advance(3_700_000);
  expect(consumer.stats()).toMatchObject({ acked: 100, leasesLost: 0 });
  expect(calls('changeVisibilityBatch').length).toBeLessThanOrEqual(20);
  await clock.settle(consumer.stop());
});
