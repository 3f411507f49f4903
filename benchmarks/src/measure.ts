import { runInFreshProcess } from './fresh-process.ts';
import type { Figures, Load } from './scenarios/scenario.ts';
import type { Target } from './server/start-load-server.ts';

/** One run of one case. */
export interface MeasureJob {
  readonly scenario: string;
  readonly name: string;
  readonly load: Load;
  readonly target: Target;
}

const program = new URL('measure-process.ts', import.meta.url);

/** Runs a case in a fresh process. Throws with what it complained of where it does not come to its end. */
export function measure(job: MeasureJob, signal?: AbortSignal): Promise<Figures> {
  return runInFreshProcess(program, job, { what: `${job.scenario}, ${job.name}`, signal });
}
