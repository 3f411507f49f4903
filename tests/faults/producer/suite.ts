import { mostAmplification, type Suite, showFaults, showRates } from '../suite.ts';
import { producerMutants } from './mutants.ts';
import { producerRun } from './run.ts';
import { drawScenario, statedRates } from './scenario.ts';
import { addCounts, amplification, nothingCounted, type RunCounts } from './totals.ts';

/** The producer against a queue that fails. */
export const producerSuite: Suite<RunCounts> = {
  name: 'producer',
  seedsOfCi: 600,
  mutants: producerMutants,
  play: producerRun,
  nothingCounted,
  add: addCounts,
  runs: ({ runs }) => runs,
  amplification,
  summary,
  show(seed) {
    const { steps, ...scenario } = drawScenario(seed);
    return [JSON.stringify(scenario, undefined, 2), `${steps.length} steps`];
  },
};

function summary(counts: RunCounts): readonly string[] {
  const { offered, sent, rejected, unknown, calls, entries, left, appearances, failures, faults } = counts;
  const p = failures / appearances;
  return [
    `rates      ${showRates(statedRates)}`,
    `faults     ${showFaults(faults)}`,
    `messages   ${offered} offered: ${sent} sent, ${rejected} rejected, ${unknown} unknown`,
    `calls      ${calls}, with ${entries} SQS messages`,
    `entries    ${appearances}, for ${left} messages that left; ${(p * 100).toFixed(2)} % failed`,
    `amplified  ${amplification(counts).toFixed(4)} × n ÷ (1 − p); at most ${mostAmplification}`,
  ];
}
