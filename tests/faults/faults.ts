// `npx -y pnpm@12.21.0 faults [--runs 10000] [--seed N]`: the producer against a queue that fails, seed by seed.
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { producerRun, type RunResult } from './producer-run.ts';
import { drawScenario, statedRates } from './scenario.ts';
import { describeFailure, playSeeds } from './seeds.ts';
import { amplification, mostAmplification, type RunCounts } from './totals.ts';

const { values } = parseArgs({
  options: { runs: { type: 'string', default: '10000' }, seed: { type: 'string' } },
});

const mostShown = 10;

if (values.seed === undefined) {
  await playAll(wholeNumber('--runs', values.runs, 1));
} else {
  await replay(wholeNumber('--seed', values.seed, 0));
}

function wholeNumber(option: string, given: string, min: number): number {
  const number = Number(given);
  if (!(Number.isSafeInteger(number) && number >= min)) {
    throw new RangeError(`${option}: expected a whole number from ${min}, received ${given}`);
  }
  return number;
}

/** Seeds 1 to `runs`. */
async function playAll(runs: number): Promise<void> {
  const startedAt = performance.now();
  let shown = 0;
  const { counts, failed } = await playSeeds({
    from: 1,
    until: runs + 1,
    workers: Math.min(runs, Math.max(2, availableParallelism())),
    onResult: (result) => {
      if (result.violations.length > 0 && shown++ < mostShown) {
        console.log(describeFailure(result));
      }
    },
  });
  const seconds = (performance.now() - startedAt) / 1_000;
  console.log(summary(counts));
  const isAmplified = !(amplification(counts) <= mostAmplification);
  console.log(`${counts.runs} runs, ${failed.length} failed, in ${seconds.toFixed(1)} s`);
  process.exitCode = failed.length > 0 || isAmplified || counts.runs !== runs ? 1 : 0;
}

/** One seed, with what it does. */
async function replay(seed: number): Promise<void> {
  const { steps, ...scenario } = drawScenario(seed);
  console.log(JSON.stringify(scenario, undefined, 2));
  console.log(`${steps.length} steps`);
  const result: RunResult = await producerRun(seed);
  console.log(summary(result.counts));
  console.log(result.violations.length === 0 ? `seed ${seed} is fine` : describeFailure(result));
  process.exitCode = result.violations.length === 0 ? 0 : 1;
}

function summary(counts: RunCounts): string {
  const { offered, sent, rejected, unknown, calls, entries, left, appearances, failures, faults } = counts;
  const shown = Object.entries(faults)
    .filter(([, count]) => count > 0)
    .map(([kind, count]) => `${kind} ${count}`);
  const rates = Object.entries(statedRates).map(([name, rate]) => `${name} ${(rate * 100).toFixed(1)} %`);
  const p = failures / appearances;
  return [
    `rates      ${rates.join(', ')}`,
    `faults     ${shown.join(', ')}`,
    `messages   ${offered} offered: ${sent} sent, ${rejected} rejected, ${unknown} unknown`,
    `calls      ${calls}, with ${entries} SQS messages`,
    `entries    ${appearances}, for ${left} messages that left; ${(p * 100).toFixed(2)} % failed`,
    `amplified  ${amplification(counts).toFixed(4)} × n ÷ (1 − p); at most ${mostAmplification}`,
  ].join('\n');
}
