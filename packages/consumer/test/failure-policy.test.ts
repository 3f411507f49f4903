import { ack, deadLetter, release, retry, type Verdict } from '@sqskit/core';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { combineVerdicts, retryDelayMs } from '../src/failure-policy.ts';

const settings = { retryBaseMs: 1_000, retryMaxMs: 900_000 };

test('a retry is never sooner than a second nor later than the longest back-off', () => {
  fc.assert(
    fc.property(
      fc.nat({ max: 2_000 }),
      fc.integer({ min: 1, max: 10_000_000 }),
      fc.integer({ min: 1_000, max: 10_000_000 }),
      fc.double({ min: 0, max: 0.999, noNaN: true }),
      (receiveCount, retryBaseMs, retryMaxMs, draw) => {
        const ms = retryDelayMs(receiveCount, { retryBaseMs, retryMaxMs, random: () => draw });
        expect(ms).toBeGreaterThanOrEqual(1_000);
        expect(ms).toBeLessThanOrEqual(Math.max(1_000, retryMaxMs));
      },
    ),
  );
});

test('the bound of the delay doubles with every receive', () => {
  const boundOf = (receiveCount: number): number =>
    retryDelayMs(receiveCount, { ...settings, random: () => 1 });
  expect([1, 2, 3, 4].map(boundOf)).toEqual([1_000, 2_000, 4_000, 8_000]);
  expect(boundOf(30)).toBe(900_000);
});

const verdicts = fc.oneof(
  fc.constant(ack()),
  fc.constant(release()),
  fc.constant(deadLetter('hopeless')),
  fc.nat({ max: 100 }).map((delayMs) => retry({ delayMs })),
  fc.constant(retry()),
);

test('a message is deleted only when all that was in it is done', () => {
  fc.assert(
    fc.property(fc.array(verdicts), (all) => {
      const isDone = all.every((verdict) => verdict.action === 'ack');
      expect(combineVerdicts(all).action === 'ack').toBe(isDone);
    }),
  );
});

test('what any item asks to have again comes again as a whole', () => {
  expect(combineVerdicts([ack(), retry({ delayMs: 5 }), deadLetter('x')])).toMatchObject({
    action: 'retry',
    delayMs: 5,
  });
  expect(combineVerdicts([ack(), release(), deadLetter('x')]).action).toBe('release');
  expect(combineVerdicts([ack(), deadLetter('x')])).toMatchObject({ action: 'dead-letter', reason: 'x' });
});

test('of several retries the longest counts', () => {
  const longest = (all: readonly Verdict[]): unknown => combineVerdicts(all);
  expect(longest([retry({ delayMs: 1 }), retry({ delayMs: 9 }), retry({ delayMs: 4 })])).toMatchObject({
    delayMs: 9,
  });
});
