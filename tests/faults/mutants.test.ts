import { describe, expect, test } from 'vitest';
import { firstFailure, mutatedPackages } from './mutated-packages.ts';
import { describeFailure, playSeeds } from './seeds.ts';
import { suiteNames, withSuite } from './suites.ts';

describe.each(suiteNames)('by the runs of the %s', (name) => {
  withSuite(name, (suite) => {
    test('the packages as they are pass, in a copy', async () => {
      using copy = mutatedPackages(undefined);
      const { counts, failed } = await playSeeds(suite, { ...copy, from: 1, until: 41, workers: 2 });
      expect(failed.map((result) => describeFailure(name, result))).toEqual([]);
      expect(suite.runs(counts)).toBe(40);
    });

    test.concurrent.each(suite.mutants)('it is caught when $name', async (mutant) => {
      expect(await firstFailure(suite, mutant)).toBeDefined();
    });
  });
});
