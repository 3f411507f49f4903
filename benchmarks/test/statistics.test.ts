import { expect, test } from 'vitest';
import { quantile, summarise } from '../src/statistics.ts';

test('a summary has the middle value, the least and the most', () => {
  expect(summarise([5, 1, 9])).toEqual({ median: 5, min: 1, max: 9 });
});

test('the median of an even number of values is between the middle two', () => {
  expect(summarise([4, 1, 2, 100]).median).toBe(3);
});

test('a quantile is interpolated', () => {
  const hundredAndOne = Array.from({ length: 101 }, (_, index) => 100 - index);
  expect(quantile(hundredAndOne, 0.99)).toBe(99);
  expect(quantile([0, 10], 0.25)).toBe(2.5);
});

test('no values have no quantile', () => {
  expect(() => quantile([], 0.5)).toThrow(RangeError);
});
