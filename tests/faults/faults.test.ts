import { expect, test } from 'vitest';
import { describeFailure, playSeeds, seedsOfCi } from './seeds.ts';
import { amplification, mostAmplification } from './totals.ts';

test(`in ${seedsOfCi} seeds nothing is lost, repeated, reordered or left pending`, async () => {
  const { counts, failed } = await playSeeds({ from: 1, until: seedsOfCi + 1, workers: 2 });
  expect(failed.map(describeFailure)).toEqual([]);
  expect(counts.runs).toBe(seedsOfCi);
  expect(amplification(counts)).toBeLessThanOrEqual(mostAmplification);
});
