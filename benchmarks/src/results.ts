import type { Figures, Load } from './scenarios/scenario.ts';
import { type Summary, summarise } from './statistics.ts';

/** How much was run: a full run and a quick one are never compared with one another. */
export type ScaleName = 'full' | 'quick';

export interface CaseResult {
  readonly name: string;
  /** One for each round. */
  readonly rounds: readonly Figures[];
}

export interface ScenarioResult extends Load {
  readonly name: string;
  /** ISO 8601, UTC. */
  readonly startedAt: string;
  readonly cases: readonly CaseResult[];
}

export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGib: number;
  readonly os: string;
}

/** One run of the benchmarks, as it is written to `results/latest.json`. */
export interface Results {
  /** ISO 8601, UTC. */
  readonly startedAt: string;
  readonly seconds: number;
  readonly scale: ScaleName;
  readonly machine: Machine;
  /** Of Node and of the packages that take part, by name. */
  readonly versions: Readonly<Record<string, string>>;
  readonly scenarios: readonly ScenarioResult[];
}

/**
 * A full run with some scenarios measured again: what is compared is within one scenario, so each stands for itself. Throws
 * where the two runs are not of one machine, the same versions and the same scale.
 */
export function renewed(run: Results, again: Results): Results {
  const circumstances = ({ scale, machine, versions }: Results): string =>
    JSON.stringify({ scale, machine, versions });
  if (circumstances(run) !== circumstances(again)) {
    throw new Error('the last full run was on another machine, or with other versions: run everything again');
  }
  const byName = new Map([...run.scenarios, ...again.scenarios].map((scenario) => [scenario.name, scenario]));
  return { ...run, scenarios: [...byName.values()] };
}

/** The rounds of one figure, or `undefined` where it was not measured. */
export function summaryOf(
  { scenarios }: Results,
  scenario: string,
  caseName: string,
  figure: string,
): Summary | undefined {
  const rounds = scenarios
    .find(({ name }) => name === scenario)
    ?.cases.find(({ name }) => name === caseName)?.rounds;
  const values = rounds?.flatMap((figures) => figures[figure] ?? []) ?? [];
  return values.length === 0 ? undefined : summarise(values);
}
