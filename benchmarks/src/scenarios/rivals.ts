import { libraries } from '../rivals/libraries.ts';
import { runTrials } from '../rivals/run-trial.ts';
import { trials } from '../rivals/trials.ts';
import type { Case, Scenario } from './scenario.ts';

/** Trials at a time: they wait for most of their time. */
const parallel = 6;

export const rivals: Scenario = {
  name: 'rivals',
  title: 'What consumers do when something goes wrong',
  about:
    "Situations in which one library or another was found to do wrong, each in a process of its own beside an SQS of the tests' over HTTP, in real time. A figure that is not right is marked; a dash stands where a library has nothing for it.",
  latencyMs: 0,
  full: { rounds: 1, messages: 0, warmUp: 0 },
  quick: { rounds: 1, messages: 0, warmUp: 0 },
  columns: trials.map(({ name, title, digits, right }) => ({
    figure: name,
    title: `${name}. ${title}`,
    digits,
    right,
  })),
  isTurned: true,
  cases: libraries.map(
    (library): Case => ({
      name: library.name,
      how: library.how,
      isSlow: library.name !== 'sqskit',
      measure: () => runTrials(library, trials, { isBrief: false, parallel }),
    }),
  ),
};
