import { runInFreshProcess } from '../fresh-process.ts';
import type { Figures } from '../scenarios/scenario.ts';
import type { Library, Settings } from './library.ts';
import type { Trial } from './trial.ts';

/** One trial of one library. */
export interface TrialJob {
  readonly trial: string;
  readonly library: string;
  readonly isBrief: boolean;
}

const program = new URL('trial-process.ts', import.meta.url);
const longestMs = 45_000;

/** Runs a trial in a process of its own. */
async function runTrial(job: TrialJob): Promise<number> {
  const { figure } = await runInFreshProcess<{ readonly figure: number }>(program, job, {
    what: `trial ${job.trial} of ${job.library}`,
    signal: AbortSignal.timeout(longestMs),
  });
  return figure;
}

export interface RunTrialsOptions {
  readonly isBrief: boolean;
  /** Trials at a time: they wait for most of their time. */
  readonly parallel: number;
}

/** Runs the trials that the library has something for, side by side. Figures by the trials' names. */
export async function runTrials(
  library: Library,
  trials: readonly Trial[],
  { isBrief, parallel }: RunTrialsOptions,
): Promise<Figures> {
  const figures: Record<string, number> = {};
  const applicable = trials.filter((trial) => isApplicable(trial, library));
  const loop = async (due: Iterator<Trial>): Promise<void> => {
    for (let next = due.next(); next.done !== true; next = due.next()) {
      const { name } = next.value;
      figures[name] = await runTrial({ trial: name, library: library.name, isBrief });
    }
  };
  const together = applicable.filter(({ isAlone = false }) => !isAlone).values();
  await Promise.all(Array.from({ length: parallel }, () => loop(together)));
  await loop(applicable.filter(({ isAlone = false }) => isAlone).values());
  return figures;
}

export function isApplicable({ settings }: Trial, { lacks }: Library): boolean {
  const asked: readonly string[] = Object.keys(settings);
  return !lacks.some((setting: keyof Settings) => asked.includes(setting));
}
