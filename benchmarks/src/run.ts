import { describeMachine, installedVersions } from './machine.ts';
import { measure } from './measure.ts';
import type { CaseResult, Results, ScaleName, ScenarioResult } from './results.ts';
import type { Case, Figures, Scale, Scenario } from './scenarios/scenario.ts';
import { startLoadServer, type Target } from './server/start-load-server.ts';

/** Told of what goes on, for a person who waits. */
export interface Progress {
  begins(scenario: Scenario, scale: Scale, cases: readonly Case[]): void;
  measured(scenario: Scenario, round: number, name: string, figures: Figures): void;
}

export async function runBenchmarks(
  scenarios: readonly Scenario[],
  scale: ScaleName,
  progress: Progress,
  signal: AbortSignal,
): Promise<Results> {
  const startedAt = new Date();
  const results: ScenarioResult[] = [];
  for (const scenario of scenarios) {
    results.push(await runScenario(scenario, scale, progress, signal));
  }
  return {
    startedAt: startedAt.toISOString(),
    seconds: Math.round((Date.now() - startedAt.getTime()) / 1_000),
    scale,
    machine: describeMachine(),
    versions: installedVersions(),
    scenarios: results,
  };
}

/** Round by round, and every second round backwards, so that what the machine does meanwhile meets all cases alike. */
async function runScenario(
  scenario: Scenario,
  scaleName: ScaleName,
  progress: Progress,
  signal: AbortSignal,
): Promise<ScenarioResult> {
  const startedAt = new Date().toISOString();
  const scale = scenario[scaleName];
  const cases = scenario.cases.filter(({ isSlow = false }) => scaleName === 'full' || !isSlow);
  const rounds = new Map(cases.map(({ name }) => [name, [] as Figures[]]));
  progress.begins(scenario, scale, cases);
  await using server = await startLoadServer({ latencyMs: scenario.latencyMs });
  for (let round = 1; round <= scale.rounds; round++) {
    for (const { name } of casesOfRound(cases, round)) {
      const figures = await measureCase(scenario.name, name, scale, server.target, signal);
      rounds.get(name)?.push(figures);
      progress.measured(scenario, round, name, figures);
    }
  }
  const { messages, warmUp } = scale;
  return {
    name: scenario.name,
    startedAt,
    messages,
    warmUp,
    cases: cases.map(({ name }): CaseResult => ({ name, rounds: rounds.get(name) ?? [] })),
  };
}

function measureCase(
  scenario: string,
  name: string,
  { messages, warmUp }: Scale,
  target: Target,
  signal: AbortSignal,
): Promise<Figures> {
  return measure({ scenario, name, load: { messages, warmUp }, target }, signal);
}

function casesOfRound(cases: readonly Case[], round: number): readonly Case[] {
  const due = cases.filter(({ maxRounds = Number.POSITIVE_INFINITY }) => round <= maxRounds);
  return round % 2 === 0 ? due.toReversed() : due;
}
