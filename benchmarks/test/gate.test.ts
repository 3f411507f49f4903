import { describe, expect, test } from 'vitest';
import { accept, judge } from '../src/gate.ts';
import { resultsWith } from './fixture.ts';

const accepted = accept(resultsWith({ ours: [12_000], squiss: 12_000 }), {});

describe('the gate', () => {
  test('is open for the accepted run itself', () => {
    expect(judge(resultsWith({ ours: [12_000], squiss: 12_000 }), accepted)).toEqual({
      worse: [],
      compared: 2,
    });
  });

  test('is open on a slower machine', () => {
    expect(judge(resultsWith({ ours: [6_000], squiss: 6_000 }), accepted).worse).toEqual([]);
  });

  test('is closed by a planted regression, and says which', () => {
    const { worse } = judge(resultsWith({ ours: [9_000], squiss: 12_000 }), accepted);
    expect(worse).toEqual([
      "1 KB, messages/s beside squiss-ts's: 0.75 ×, accepted was 1 and the limit is 0.8500",
    ]);
  });

  test('takes the median of the rounds', () => {
    expect(judge(resultsWith({ ours: [12_000, 1_000, 12_500], squiss: 12_000 }), accepted).worse).toEqual([]);
  });

  test('is closed where less is better and it became more', () => {
    const name = 'plain-cpu-beside-the-best';
    expect(accepted.full?.[name]).toEqual({ value: 0.8, tolerance: 0.15 });
    const stricter = { full: { ...accepted.full, [name]: { value: 0.6, tolerance: 0.15 } } };
    expect(judge(resultsWith({ ours: [12_000], squiss: 12_000 }), stricter).worse).toEqual([
      expect.stringContaining('0.80 ×, accepted was 0.6'),
    ]);
  });

  test('does not compare a quick run with a full one', () => {
    const { worse } = judge(resultsWith({ ours: [12_000], squiss: 12_000 }, 'quick'), accepted);
    expect(worse).toEqual([
      expect.stringContaining('nothing was accepted'),
      expect.stringContaining('nothing was accepted'),
    ]);
  });
});

test('accepting a run keeps what it did not measure', () => {
  const kept = { value: 9.98, tolerance: 0.02 };
  const before = { quick: { 'fill-at-5000': kept }, full: { 'fill-at-5000': kept } };
  const after = accept(resultsWith({ ours: [6_000], squiss: 12_000 }), before);
  expect(after.quick).toEqual(before.quick);
  expect(after.full?.['fill-at-5000']).toEqual(kept);
  expect(after.full?.['plain-rate-beside-squiss-ts']).toEqual({ value: 0.5, tolerance: 0.15 });
});

test('a quick run is allowed to vary twice as much', () => {
  const { quick } = accept(resultsWith({ ours: [12_000], squiss: 12_000 }, 'quick'), {});
  expect(quick?.['plain-rate-beside-squiss-ts']).toEqual({ value: 1, tolerance: 0.3 });
});
