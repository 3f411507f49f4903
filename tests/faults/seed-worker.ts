// A worker thread that plays its share of the seeds and posts a `RunResult` for each.
import { parentPort, workerData } from 'node:worker_threads';
import type { RunResult, Suite } from './suite.ts';
import { withSuite } from './suites.ts';

/** `from`, and every `step`th after it, below `until`. */
export interface Share {
  readonly suite: string;
  readonly from: number;
  readonly until: number;
  readonly step: number;
  /** Its first element is 1 when no more seeds are to be played. */
  readonly stopped: Int32Array;
}

const { suite: name, from, until, step, stopped }: Share = workerData;

// What nobody has caught is the fault of the run that goes on.
let uncaught: string[] = [];
process.on('uncaughtException', (error) => uncaught.push(`uncaught: ${String(error)}`));

await withSuite(name, playShare);

async function playShare<C>({ play, nothingCounted }: Suite<C>): Promise<void> {
  for (let seed = from; seed < until && Atomics.load(stopped, 0) === 0; seed += step) {
    let result: RunResult<C>;
    try {
      result = await play(seed);
    } catch (error) {
      result = { seed, violations: [`the run failed: ${String(error)}`], counts: nothingCounted };
    }
    parentPort?.postMessage({ ...result, violations: [...result.violations, ...uncaught] });
    uncaught = [];
  }
}
