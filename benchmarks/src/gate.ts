import type { Comparison } from './comparison.ts';
import { comparisons } from './comparisons.ts';
import type { Results, ScaleName } from './results.ts';

export interface AcceptedFigure {
  readonly value: number;
  /** The share by which a run may be worse. */
  readonly tolerance: number;
}

/** The figures of the last accepted runs, by the comparison's name: of a full one, and of a quick one. */
export type Accepted = { readonly [scale in ScaleName]?: Readonly<Record<string, AcceptedFigure>> };

/** A quick run's few rounds vary so many times as much. */
const quickAllowance = 2;

export interface GateVerdict {
  /** What is worse than it may be, each in a sentence. The gate is open where there is nothing. */
  readonly worse: readonly string[];
  readonly compared: number;
}

/**
 * Compares a run with the last accepted one of its scale. What the run left out (`--only`) is not compared; what was
 * never accepted counts as worse.
 */
export function judge(
  results: Results,
  accepted: Accepted,
  all: readonly Comparison[] = comparisons,
): GateVerdict {
  const before = accepted[results.scale] ?? {};
  const worse: string[] = [];
  let compared = 0;
  for (const comparison of gated(all)) {
    const value = comparison.of(results);
    if (value === undefined) {
      continue;
    }
    compared++;
    const complaint = complaintAbout(comparison, value, before[comparison.name]);
    if (complaint !== undefined) {
      worse.push(complaint);
    }
  }
  return { worse, compared };
}

/** The accepted figures, with those of this run in the place of the old ones of its scale. */
export function accept(
  results: Results,
  accepted: Accepted,
  all: readonly Comparison[] = comparisons,
): Accepted {
  const figures = gated(all).flatMap((comparison): [string, AcceptedFigure][] => {
    const { name, tolerance = 0 } = comparison;
    const value = comparison.of(results);
    const allowed = tolerance * (results.scale === 'quick' ? quickAllowance : 1);
    return value === undefined ? [] : [[name, { value: Number(value.toPrecision(4)), tolerance: allowed }]];
  });
  return { ...accepted, [results.scale]: { ...accepted[results.scale], ...Object.fromEntries(figures) } };
}

function gated(all: readonly Comparison[]): readonly Comparison[] {
  return all.filter(({ tolerance }) => tolerance !== undefined);
}

function complaintAbout(
  { what, better, unit, digits }: Comparison,
  value: number,
  before: AcceptedFigure | undefined,
): string | undefined {
  const measured = `${what}: ${value.toFixed(digits)} ${unit}`.trimEnd();
  if (before === undefined) {
    return `${measured}, and nothing was accepted before; see --accept`;
  }
  const limit = before.value * (better === 'more' ? 1 - before.tolerance : 1 + before.tolerance);
  const isWorse = better === 'more' ? value < limit : value > limit;
  return isWorse
    ? `${measured}, accepted was ${before.value} and the limit is ${limit.toPrecision(4)}`
    : undefined;
}
