// A worker thread that plays its share of the seeds and posts a `RunResult` for each.
import { parentPort, workerData } from 'node:worker_threads';
import { producerRun, type RunResult } from './producer-run.ts';
import { nothingCounted } from './totals.ts';

/** `from`, and every `step`th after it, below `until`. */
export interface Share {
  readonly from: number;
  readonly until: number;
  readonly step: number;
}

const { from, until, step }: Share = workerData;

// What nobody has caught is the fault of the run that goes on.
let uncaught: string[] = [];
process.on('uncaughtException', (error) => uncaught.push(`uncaught: ${String(error)}`));

for (let seed = from; seed < until; seed += step) {
  let result: RunResult;
  try {
    result = await producerRun(seed);
  } catch (error) {
    result = { seed, violations: [`the run failed: ${String(error)}`], counts: nothingCounted };
  }
  parentPort?.postMessage({ ...result, violations: [...result.violations, ...uncaught] });
  uncaught = [];
}
