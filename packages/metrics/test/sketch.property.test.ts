import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createSketch } from '../src/sketch.ts';
import { percentile } from '../src/snapshot.ts';

const durations = fc.array(fc.double({ min: 1e-6, max: 1e9, noNaN: true }), { minLength: 1, maxLength: 400 });

function drained(values: readonly number[], maxValues: number) {
  const sketch = createSketch();
  for (const value of values) {
    sketch.record(value);
  }
  const distribution = sketch.drain(maxValues);
  if (distribution === undefined) {
    throw new Error('the sketch is empty');
  }
  return distribution;
}

test('count, minimum and maximum are exact, and the counts add up', () => {
  fc.assert(
    fc.property(durations, (values) => {
      const { count, min, max, sum, counts } = drained(values, 150);
      expect(count).toBe(values.length);
      expect(min).toBe(Math.min(...values));
      expect(max).toBe(Math.max(...values));
      expect(sum).toBeCloseTo(
        values.reduce((total, value) => total + value, 0),
        3,
      );
      expect(counts.reduce((total, one) => total + one, 0)).toBe(values.length);
    }),
  );
});

test('without joining, every percentile is within 2.5 % of the exact one', () => {
  fc.assert(
    fc.property(durations, fc.double({ min: 0, max: 1, noNaN: true }), (values, p) => {
      const sorted = values.toSorted((one, other) => one - other);
      const exact = sorted[Math.max(1, Math.ceil(p * sorted.length)) - 1] ?? Number.NaN;
      const approximate = percentile(drained(values, 1_000), p);
      expect(Math.abs(approximate - exact)).toBeLessThanOrEqual(exact * 0.0251);
    }),
  );
});

test('regression: two values of one bucket were both taken for the larger', () => {
  const { values, counts } = drained([0.025324551121636923, 0.024704468950967635], 150);
  expect(values).toEqual([0.024704468950967635, 0.025324551121636923]);
  expect(counts).toEqual([1, 1]);
});

test('a distribution never has more different values than asked for', () => {
  fc.assert(
    fc.property(durations, fc.integer({ min: 3, max: 150 }), (values, maxValues) => {
      const { values: kept, counts } = drained(values, maxValues);
      expect(kept.length).toBeLessThanOrEqual(maxValues);
      expect(counts).toHaveLength(kept.length);
      expect(kept).toEqual([...new Set(kept)].toSorted((one, other) => one - other));
    }),
  );
});

test('a day of log-normal latencies fits 150 values within 2.5 %', () => {
  let state = 1;
  const random = (): number => {
    state = (state * 16_807) % 2_147_483_647;
    return state / 2_147_483_647;
  };
  const values = Array.from(
    { length: 20_000 },
    () => 20 * Math.exp(0.8 * Math.sqrt(-2 * Math.log(random())) * Math.cos(2 * Math.PI * random())),
  );
  const sorted = values.toSorted((one, other) => one - other);
  const distribution = drained(values, 150);
  for (const p of [0.5, 0.9, 0.99, 0.999]) {
    const exact = sorted[Math.ceil(p * sorted.length) - 1] ?? Number.NaN;
    expect(Math.abs(percentile(distribution, p) / exact - 1)).toBeLessThan(0.0251);
  }
});

test('ignores what is not a finite number and counts negative values as zero', () => {
  expect(createSketch().drain(150)).toBeUndefined();
  const sketch = createSketch();
  for (const value of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, -5, 0, 3]) {
    sketch.record(value);
  }
  expect(sketch.drain(150)).toEqual({ count: 3, sum: 3, min: 0, max: 3, values: [0, 3], counts: [2, 1] });
});

test('begins anew after a drain', () => {
  const sketch = createSketch();
  sketch.record(1);
  sketch.drain(150);
  expect(sketch.drain(150)).toBeUndefined();
  sketch.record(7);
  expect(sketch.drain(150)).toEqual({ count: 1, sum: 7, min: 7, max: 7, values: [7], counts: [1] });
});
