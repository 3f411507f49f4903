import { expect, test } from 'vitest';
import { describeFailure, playSeeds } from './seeds.ts';
import { mostAmplification } from './suite.ts';
import { suiteNames, withSuite } from './suites.ts';

test.each(suiteNames)('in the seeds of CI every promise of the %s is kept', (name) =>
  withSuite(name, async (suite) => {
    const { seedsOfCi, amplification } = suite;
    const { counts, failed } = await playSeeds(suite, { from: 1, until: seedsOfCi + 1, workers: 2 });
    expect(failed.map((result) => describeFailure(name, result))).toEqual([]);
    expect(suite.runs(counts)).toBe(seedsOfCi);
    expect(amplification(counts)).toBeLessThanOrEqual(mostAmplification);
  }),
);
