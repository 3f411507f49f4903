// `npx -y pnpm@12.21.0 faults [producer|consumer] [--runs 10000] [--seed N] [--mutants]`: against a queue that fails, seed
// by seed; or with `--day [--hours 24]` for a day.
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { playDay } from './consumer/day.ts';
import { firstFailure } from './mutated-packages.ts';
import { describeFailure, playSeeds } from './seeds.ts';
import { mostAmplification, type Suite } from './suite.ts';
import { suiteNames, withSuite } from './suites.ts';

const { values, positionals } = parseArgs({
  options: {
    runs: { type: 'string', default: '10000' },
    seed: { type: 'string' },
    mutants: { type: 'boolean', default: false },
    day: { type: 'boolean', default: false },
    hours: { type: 'string', default: '24' },
  },
  allowPositionals: true,
});

const mostShown = 10;

if (values.day) {
  await liveOn(wholeNumber('--hours', values.hours, 1));
}

const suitesAsked = positionals.length === 0 ? suiteNames : positionals;
for (const name of values.day ? [] : suitesAsked) {
  await withSuite(name, (suite) => {
    if (values.mutants) {
      return hunt(suite);
    }
    return values.seed === undefined
      ? playAll(suite, wholeNumber('--runs', values.runs, 1))
      : replay(suite, wholeNumber('--seed', values.seed, 0));
  });
}

function wholeNumber(option: string, given: string, min: number): number {
  const number = Number(given);
  if (!(Number.isSafeInteger(number) && number >= min)) {
    throw new RangeError(`${option}: expected a whole number from ${min}, received ${given}`);
  }
  return number;
}

/** Seeds 1 to `wanted`. */
async function playAll<C>(suite: Suite<C>, wanted: number): Promise<void> {
  const startedAt = performance.now();
  let shown = 0;
  const { counts, failed } = await playSeeds(suite, {
    from: 1,
    until: wanted + 1,
    workers: Math.min(wanted, Math.max(2, availableParallelism())),
    onResult: (result) => {
      if (result.violations.length > 0 && shown++ < mostShown) {
        console.log(describeFailure(suite.name, result));
      }
    },
  });
  const seconds = (performance.now() - startedAt) / 1_000;
  const amplified = suite.amplification(counts);
  const runs = suite.runs(counts);
  console.log(suite.summary(counts).join('\n'));
  console.log(
    `${suite.name}: ${runs} runs, ${failed.length} failed, amplified ${amplified.toFixed(4)}, in ${seconds.toFixed(1)} s`,
  );
  if (failed.length > 0 || !(amplified <= mostAmplification) || runs !== wanted) {
    process.exitCode = 1;
  }
}

/** One seed, with what it does. */
async function replay<C>(suite: Suite<C>, seed: number): Promise<void> {
  console.log(suite.show(seed).join('\n'));
  const result = await suite.play(seed, console.log);
  console.log(suite.summary(result.counts).join('\n'));
  const isFine = result.violations.length === 0;
  console.log(isFine ? `${suite.name}: seed ${seed} is fine` : describeFailure(suite.name, result));
  if (!isFine) {
    process.exitCode = 1;
  }
}

/** Every planted bug, with the first seed that finds it. */
async function hunt<C>(suite: Suite<C>): Promise<void> {
  let missed = 0;
  for (const mutant of suite.mutants) {
    const found = await firstFailure(suite, mutant);
    missed += found === undefined ? 1 : 0;
    const [violation] = found?.violations ?? [];
    const what = found === undefined ? 'NOT FOUND' : `seed ${found.seed}`;
    console.log(`${what.padStart(9)}  ${mutant.name}${violation === undefined ? '' : `: ${violation}`}`);
  }
  console.log(
    `${suite.name}: ${suite.mutants.length} mutants, ${missed} not found in ${suite.seedsOfCi} seeds`,
  );
  if (missed > 0) {
    process.exitCode = 1;
  }
}

/** Consumers at steady load. */
async function liveOn(hours: number): Promise<void> {
  const startedAt = performance.now();
  const { sent, handled, moved, repeated, stops, crashes, violations } = await playDay(hours, (mark) =>
    console.log(`${mark.hours.toFixed(1).padStart(5)} h  ${(mark.bytes / 1_000_000).toFixed(2)} MB in use`),
  );
  const seconds = (performance.now() - startedAt) / 1_000;
  console.log(`${stops} stops, ${crashes} crashes; ${repeated} messages handled once more`);
  for (const violation of violations) {
    console.log(violation);
  }
  console.log(
    `${hours} hours: ${sent} sent, ${handled} handled, ${moved} moved, ${violations.length} failures, in ${seconds.toFixed(1)} s`,
  );
  if (violations.length > 0) {
    process.exitCode = 1;
  }
}
