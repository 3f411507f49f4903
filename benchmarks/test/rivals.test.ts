import { expect, test } from 'vitest';
import { libraries } from '../src/rivals/libraries.ts';
import type { Library } from '../src/rivals/library.ts';
import { isApplicable, runTrials } from '../src/rivals/run-trial.ts';
import { trials } from '../src/rivals/trials.ts';
import { isWithin } from '../src/scenarios/scenario.ts';

const parallel = 8;
/** Machines that run tests are shared. What is to be told apart here is 10 s, and one request a message. */
const looserRight: Readonly<Record<string, { readonly atMost: number }>> = {
  D: { atMost: 3 },
  G: { atMost: 0.3 },
  G2: { atMost: 0.3 },
};

function libraryOf(name: string): Library {
  const library = libraries.find((each) => each.name === name);
  if (library === undefined) {
    throw new Error(`no library '${name}'`);
  }
  return library;
}

/** Names of the trials whose figure was not right, with it. */
async function wrongOf(name: string, tried: readonly string[]): Promise<Readonly<Record<string, number>>> {
  const chosen = trials.filter((trial) => tried.includes(trial.name));
  const figures = await runTrials(libraryOf(name), chosen, { isBrief: true, parallel });
  const wrong = chosen.filter(
    (trial) => !isWithin(looserRight[trial.name] ?? trial.right, figures[trial.name] ?? Number.NaN),
  );
  return Object.fromEntries(wrong.map((trial) => [trial.name, figures[trial.name] ?? Number.NaN]));
}

test('sqskit does right in every trial', { timeout: 120_000 }, async () => {
  const names = trials.filter((trial) => isApplicable(trial, libraryOf('sqskit'))).map((trial) => trial.name);
  expect(await wrongOf('sqskit', names)).toEqual({});
});

// Those that take a rival longer than a few seconds are left out: D, G and G2. Some of what is wrong is a matter of
// milliseconds, so a second look is allowed; not for ours.
test.for([
  ['sqs-consumer', ['A', 'B', 'C', 'E', 'F', 'H', 'M', 'N', 'N2', 'O', 'Q']],
  ['squiss-ts', ['K', 'L']],
] as const)('the trials find what %s does wrong', { timeout: 120_000, retry: 1 }, async ([name, tried]) => {
  expect(Object.keys(await wrongOf(name, tried)).toSorted()).toEqual(tried);
});

test('a trial of what a library has nothing for is left out', async () => {
  const squiss = libraryOf('squiss-ts');
  const without = trials.filter((trial) => !isApplicable(trial, squiss)).map((trial) => trial.name);
  expect(without).toEqual(['C', 'E']);
  const chosen = trials.filter((trial) => without.includes(trial.name));
  expect(await runTrials(squiss, chosen, { isBrief: true, parallel })).toEqual({});
});
