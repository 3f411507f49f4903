import { expect, test } from 'vitest';
import { fuzz } from '../fuzz/fuzz.ts';

test('whatever comes in, the content comes out or a `decode-failed`, within the limits', async () => {
  const { failures, counts } = await fuzz({ inputs: 1_800, seed: 1 });
  expect(failures).toEqual([]);

  // Of each kind 200 are drawn: some of what was changed can still be read, and never what lies or expands too far.
  expect(counts.get('untouched')?.opened).toBeGreaterThan(150);
  expect(counts.get('lying pack')?.opened).toBeGreaterThan(50);
  expect(counts.get('lying pack')?.refused).toBeGreaterThan(50);
  expect(counts.get('bits flipped')?.refused).toBeGreaterThan(100);
  expect(counts.get('wrong dictionary')?.refused).toBeGreaterThan(150);
  expect(counts.get('wrong claims')).toEqual({ opened: 0, refused: 200 });
  expect(counts.get('bomb')).toEqual({ opened: 0, refused: 200 });
});

test('readers that let too much out are caught', async () => {
  const { failures } = await fuzz({ inputs: 90, seed: 1, allowedBytes: 67_108_864 });
  expect(failures.join()).toMatch(/\(bomb\), read by .* bytes came out/);
});

test('the same seed draws the same inputs', async () => {
  const once = await fuzz({ inputs: 90, seed: 7 });
  const again = await fuzz({ inputs: 90, seed: 7 });
  expect(again.counts).toEqual(once.counts);
});
