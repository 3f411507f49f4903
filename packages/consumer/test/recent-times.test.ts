import { createFakeClock } from '@sqskit/testing';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createRecentTimes } from '../src/recent-times.ts';

const times = fc.array(fc.double({ min: 0, max: 43_200_000, noNaN: true }), { minLength: 1, maxLength: 400 });

test('a quantile is the exact one, rounded up by less than a bucket, in whatever order the times came', () => {
  fc.assert(
    fc.property(times, fc.double({ min: 0, max: 1, noNaN: true }), (values, share) => {
      const recent = createRecentTimes(createFakeClock());
      for (const value of values) {
        recent.record(value);
      }
      const sorted = [...values].sort((one, other) => one - other);
      const exact = sorted[Math.max(1, Math.ceil(share * sorted.length)) - 1] ?? Number.NaN;
      const told = recent.quantileMs(share) ?? Number.NaN;
      const rounding = 1 + 1e-9; // of the logarithm
      expect(told * rounding).toBeGreaterThanOrEqual(exact);
      expect(told).toBeLessThanOrEqual(Math.max(1, exact * 1.05) * rounding);
    }),
  );
});

test('the mean and the count are exact', () => {
  fc.assert(
    fc.property(times, (values) => {
      const recent = createRecentTimes(createFakeClock());
      for (const value of values) {
        recent.record(value);
      }
      expect(recent.count).toBe(values.length);
      expect(recent.meanMs).toBeCloseTo(values.reduce((sum, value) => sum + value, 0) / values.length, 3);
    }),
  );
});

test('nothing is known before the first', () => {
  const recent = createRecentTimes(createFakeClock());
  expect([recent.count, recent.meanMs, recent.quantileMs(0.99)]).toEqual([0, undefined, undefined]);
});

test('long times before short ones are not forgotten while they count, nor remembered for ever', async () => {
  const clock = createFakeClock();
  const recent = createRecentTimes(clock);
  const record = (times: number, ms: number): void => {
    for (let count = 0; count < times; count++) {
      recent.record(ms);
    }
  };
  record(50, 600_000);
  record(50, 10_000);
  expect(recent.quantileMs(0.99)).toBeGreaterThanOrEqual(600_000);
  await clock.advance(60_000);
  record(100, 10_000);
  expect(recent.quantileMs(0.99)).toBeGreaterThanOrEqual(600_000);
  await clock.advance(60_000);
  record(1, 10_000);
  expect(recent.count).toBe(101);
  expect(recent.quantileMs(0.99)).toBeLessThan(10_500);
});

test('few times are remembered however old they are', async () => {
  const clock = createFakeClock();
  const recent = createRecentTimes(clock);
  for (let count = 0; count < 150; count++) {
    recent.record(1_000);
    await clock.advance(600_000);
  }
  expect(recent.count).toBe(150);
});

test('what is longer than any lease counts as the longest', () => {
  const recent = createRecentTimes(createFakeClock());
  recent.record(1e12);
  expect(recent.quantileMs(1)).toBeGreaterThanOrEqual(43_200_000);
  expect(recent.quantileMs(1)).toBeLessThan(43_200_000 * 1.05);
});
