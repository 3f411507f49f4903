import type { FaultCounts } from '@sqskit/testing';
import type { Mutant } from './mutant.ts';

/** What became of one seed. */
export interface RunResult<C> {
  readonly seed: number;
  /** What is wrong; empty where nothing is. */
  readonly violations: readonly string[];
  readonly counts: C;
}

/** Seeded runs of one kind, and what they come to together. `C` is what they count. */
export interface Suite<C> {
  readonly name: string;
  /** How many seeds CI plays, from 1. */
  readonly seedsOfCi: number;
  /** Bugs that must be caught within the seeds of CI. */
  readonly mutants: readonly Mutant[];
  /** One run in virtual time, judged: a pure function of its seed. `tell` is told what happened in it. */
  readonly play: (seed: number, tell?: (line: string) => void) => Promise<RunResult<C>>;
  readonly nothingCounted: C;
  readonly add: (a: C, b: C) => C;
  readonly runs: (counts: C) => number;
  /** How many times more was called than the failures account for. */
  readonly amplification: (counts: C) => number;
  /** The rates, and what took place. */
  readonly summary: (counts: C) => readonly string[];
  /** What a seed draws, to be shown. */
  readonly show: (seed: number) => readonly string[];
}

/** What the amplification may be. */
export const mostAmplification = 1.02;

/**
 * `appearances ÷ (n ÷ (1 − p))`, where n different things were in calls, so often in all, and p is the share of these
 * appearances that failed. What is tried until it is confirmed, and never again, makes 1.
 */
export function amplificationOf(n: number, appearances: number, failures: number): number {
  return (appearances / n) * (1 - failures / appearances);
}

/** How often each fault took place, of those that did. */
export type TalliedFaults = Partial<FaultCounts>;

export function addFaults(a: TalliedFaults, b: TalliedFaults): TalliedFaults {
  const sum: Record<string, number> = {};
  for (const [kind, count] of [...Object.entries(a), ...Object.entries(b)]) {
    sum[kind] = (sum[kind] ?? 0) + count;
  }
  return sum;
}

export function showRates(rates: Readonly<Record<string, number>>): string {
  return Object.entries(rates)
    .map(([name, rate]) => `${name} ${(rate * 100).toFixed(1)} %`)
    .join(', ');
}

export function showFaults(faults: TalliedFaults): string {
  return Object.entries(faults)
    .filter(([, count]) => count > 0)
    .map(([kind, count]) => `${kind} ${count}`)
    .join(', ');
}
