import { type Results, summaryOf } from './results.ts';

/** One number that a run is judged by, made of the medians of its figures. */
export interface Comparison {
  /** Stable: the accepted figures go by it. */
  readonly name: string;
  readonly what: string;
  readonly unit: string;
  readonly digits: number;
  readonly better: 'more' | 'less';
  /** What we mean to reach. */
  readonly goal?: number | undefined;
  /**
   * The share by which it may be worse than the last accepted value before the gate closes. Unset: not gated, because
   * it depends on the machine.
   */
  readonly tolerance?: number | undefined;
  /** `undefined` where the run did not measure it. */
  readonly of: (results: Results) => number | undefined;
}

export type Value = Comparison['of'];

/** Share by which ratios of CPU time and of rates may vary from run to run on one machine. */
export const noisy = 0.15;
/** The same where one side is very short, or waits for other threads or the garbage collector. */
export const noisier = 0.4;
/** For what does not depend on time. */
export const steady = 0.02;

export function reachesGoal({ better, goal }: Comparison, value: number): boolean | undefined {
  if (goal === undefined) {
    return undefined;
  }
  return better === 'more' ? value >= goal : value <= goal;
}

export function median(scenario: string, caseName: string, figure: string): Value {
  return (results) => summaryOf(results, scenario, caseName, figure)?.median;
}

export function ratio(over: Value, under: Value): Value {
  return (results) => {
    const [a, b] = [over(results), under(results)];
    return a === undefined || b === undefined ? undefined : a / b;
  };
}

/** The least of the values that were measured. */
export function least(values: readonly Value[]): Value {
  return (results) => {
    const measured = values.flatMap((value) => value(results) ?? []);
    return measured.length === 0 ? undefined : Math.min(...measured);
  };
}

/** The most of the values that were measured. */
export function most(values: readonly Value[]): Value {
  return (results) => {
    const measured = values.flatMap((value) => value(results) ?? []);
    return measured.length === 0 ? undefined : Math.max(...measured);
  };
}
