import { expect, test } from 'vitest';
import { mutants } from './mutants.ts';
import { mutatedPackages } from './mutated-packages.ts';
import { describeFailure, playSeeds, seedsOfCi } from './seeds.ts';

test('the packages as they are pass, in a copy', async () => {
  using copy = mutatedPackages(undefined);
  const { counts, failed } = await playSeeds({ ...copy, from: 1, until: 41, workers: 2 });
  expect(failed.map(describeFailure)).toEqual([]);
  expect(counts.runs).toBe(40);
});

test.concurrent.each(mutants)('it is caught when $name', async (mutant) => {
  using copy = mutatedPackages(mutant);
  const seeds = { from: 1, until: seedsOfCi + 1, workers: 1, stopsAtFirst: true, withinMs: 30_000 };
  const { failed } = await playSeeds({ ...copy, ...seeds });
  expect(failed).not.toEqual([]);
});
