import fc from 'fast-check';
import { expect, test } from 'vitest';
import { exponentialBackoff } from '../src/retry.ts';

const failures = fc.integer({ min: 1, max: 2_000 });
const anyDelay = fc.integer({ min: 1, max: 100_000 });
const anyRandom = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });

test('a delay is a random part of base times 2 for each failure after the first, and of no more than the most', () => {
  fc.assert(
    fc.property(failures, anyDelay, anyDelay, anyRandom, (failed, baseMs, maxMs, random) => {
      const backoff = exponentialBackoff({ baseMs, maxMs, random: () => random });
      expect(backoff(failed)).toBe(random * Math.min(maxMs, baseMs * 2 ** (failed - 1)));
    }),
  );
});

test('after a throttle the base is the throttled one, where that is higher', () => {
  fc.assert(
    fc.property(failures, anyDelay, anyDelay, anyRandom, (failed, baseMs, throttledBaseMs, random) => {
      const backoff = exponentialBackoff({ baseMs, throttledBaseMs, random: () => random });
      const plain = exponentialBackoff({ baseMs: Math.max(baseMs, throttledBaseMs), random: () => random });
      expect(backoff(failed, true)).toBe(plain(failed));
    }),
  );
});

test('the defaults are 100 ms, 500 ms after a throttle, and 20 s at most', () => {
  const backoff = exponentialBackoff({ random: () => 1 });
  expect([1, 2, 3].map((failed) => backoff(failed))).toEqual([100, 200, 400]);
  expect([1, 2, 3].map((failed) => backoff(failed, true))).toEqual([500, 1_000, 2_000]);
  expect(backoff(30)).toBe(20_000);
  expect(backoff(5_000, true)).toBe(20_000);
});

test('with the randomness of the machine, delays differ and stay below their bound', () => {
  const backoff = exponentialBackoff();
  const delays = Array.from({ length: 100 }, () => backoff(1));
  expect(new Set(delays).size).toBeGreaterThan(90);
  expect(Math.max(...delays)).toBeLessThan(100);
  expect(Math.min(...delays)).toBeGreaterThanOrEqual(0);
});
