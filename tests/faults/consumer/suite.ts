import { mostAmplification, type Suite, showFaults, showRates } from '../suite.ts';
import { statedConduct } from './conduct.ts';
import { consumerMutants } from './mutants.ts';
import { consumerRun } from './run.ts';
import { drawScenario, statedRates } from './scenario.ts';
import { addCounts, amplification, nothingCounted, type RunCounts } from './totals.ts';

/** Consumers on a queue that fails, with handlers that fail, in processes that stop, stand still and crash. */
export const consumerSuite: Suite<RunCounts> = {
  name: 'consumer',
  seedsOfCi: 600,
  mutants: consumerMutants,
  play: consumerRun,
  nothingCounted,
  add: addCounts,
  runs: ({ runs }) => runs,
  amplification,
  summary,
  show(seed) {
    const { steps, ...scenario } = drawScenario(seed);
    return [JSON.stringify(scenario, undefined, 2), ...steps.map((step) => JSON.stringify(step))];
  },
};

function summary(counts: RunCounts): readonly string[] {
  const { messages, handled, deliveries, starts, receives, settles, sends, renewals } = counts;
  const { stops, crashes, leasesLost, settled, appearances, failures, faults } = counts;
  const p = failures / appearances;
  const calls = receives + settles + sends;
  return [
    `rates      ${showRates(statedRates)}`,
    `handlers   ${showRates(statedConduct)}`,
    `faults     ${showFaults(faults)}`,
    `messages   ${messages}, ${handled} handled; received ${deliveries} times, handlers started ${starts} times`,
    `consumers  ${stops} stops, ${crashes} crashes, ${leasesLost} leases lost`,
    `calls      ${receives} receives, ${settles} that settle or renew, ${sends} sends: ${(calls / deliveries).toFixed(2)} for each message received`,
    `settling   ${appearances} entries for ${settled} messages received, ${(p * 100).toFixed(2)} % failed; ${renewals} renewals`,
    `amplified  ${amplification(counts).toFixed(4)} × n ÷ (1 − p); at most ${mostAmplification}`,
  ];
}
