import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ack, deadLetter, isVerdict, release, retry, type Verdict } from '../src/handler.ts';
import { secondCopy } from './second-copy.ts';

const verdicts: readonly Verdict[] = [
  ack(),
  retry(),
  retry({ delayMs: 0 }),
  release(),
  deadLetter('no such order'),
];

test('verdicts say what is to become of the message', () => {
  expect(ack().action).toBe('ack');
  expect(retry()).toMatchObject({ action: 'retry', delayMs: undefined });
  expect(retry({ delayMs: 0 })).toMatchObject({ action: 'retry', delayMs: 0 });
  expect(release().action).toBe('release');
  expect(deadLetter('no such order')).toMatchObject({ action: 'dead-letter', reason: 'no such order' });
});

test('verdicts are recognised', () => {
  expect(verdicts.every(isVerdict)).toBe(true);
});

test('verdicts of a second copy of core are recognised', async () => {
  const copy = await secondCopy(() => import('../src/handler.ts'));
  expect(copy.isVerdict).not.toBe(isVerdict);
  expect(isVerdict(copy.release())).toBe(true);
  expect(verdicts.every(copy.isVerdict)).toBe(true);
});

test('what a handler happens to return is no verdict, even if it looks like one', () => {
  expect(isVerdict({ action: 'dead-letter', reason: 'x' })).toBe(false);
  expect(isVerdict(undefined)).toBe(false);
  expect(isVerdict(null)).toBe(false);
  fc.assert(
    fc.property(fc.anything({ withNullPrototype: true }), (value) => {
      expect(isVerdict(value)).toBe(false);
    }),
  );
});

test('a verdict that was cloned as JSON is no verdict any more', () => {
  expect(isVerdict(JSON.parse(JSON.stringify(release())))).toBe(false);
});

test.each([
  [5, 'options'],
  [{ delay: 5_000 }, 'delay'],
  [{ delayMs: -5 }, 'delayMs'],
  [{ delayMs: Number.NaN }, 'delayMs'],
  [{ delayMs: '5' }, 'delayMs'],
])('retry refuses %j', (given, option) => {
  const options: unknown = given;
  expect(() => retry(options as { delayMs: number })).toThrow(`expected \`${option}\` to be`);
});
