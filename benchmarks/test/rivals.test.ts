import { expect, test } from 'vitest';
import { libraries } from '../src/rivals/libraries.ts';
import type { Library } from '../src/rivals/library.ts';
import { isApplicable, runTrials } from '../src/rivals/run-trial.ts';
import { trials } from '../src/rivals/trials.ts';
import { isWithin } from '../src/scenarios/scenario.ts';

const parallel = 8;
/** Machines that run tests are shared. What is to be told apart here is 10 s. */
const looserRight: Readonly<Record<string, { readonly atMost: number }>> = { D: { atMost: 3 } };

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

test('the trials find what is wrong', { timeout: 120_000 }, async () => {
  const tried = ['A', 'B', 'C', 'E', 'F', 'M', 'N', 'N2', 'Q'];
  expect(Object.keys(await wrongOf('sqs-consumer', tried)).toSorted()).toEqual(tried);
});

test('a trial of what a library has nothing for is left out', async () => {
  const squiss = libraryOf('squiss-ts');
  const without = trials.filter((trial) => !isApplicable(trial, squiss)).map((trial) => trial.name);
  expect(without).toEqual(['C', 'E']);
  const chosen = trials.filter((trial) => without.includes(trial.name));
  expect(await runTrials(squiss, chosen, { isBrief: true, parallel })).toEqual({});
});
