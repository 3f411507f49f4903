import type { Target } from '../server/start-load-server.ts';

/** What one run of a case gave, by the names of its scenario's columns. */
export type Figures = Readonly<Record<string, number>>;

/** How much of a case is run. */
export interface Load {
  readonly messages: number;
  /** Messages sent before the measuring begins, so that code and connections are warm. */
  readonly warmUp: number;
}

export interface Scale extends Load {
  readonly rounds: number;
}

/** One row of a scenario's table: a contender, or a setting of ours. */
export interface Case {
  readonly name: string;
  /** How it is set up, for the report; empty where the scenario says it all. */
  readonly how: string;
  /** Most rounds: for what takes long and is steady. Default: the scenario's. */
  readonly maxRounds?: number;
  /** Whether `--quick` leaves it out. Default: false. */
  readonly isSlow?: boolean;
  /** Runs in a process of its own, beside a load server that nobody else uses meanwhile. */
  readonly measure: (load: Load, target: Target) => Promise<Figures>;
}

export interface Column {
  readonly figure: string;
  readonly title: string;
  readonly digits: number;
  /** What is right, where that is not a matter of degree: other figures are marked. */
  readonly right?: Bounds | undefined;
}

export interface Bounds {
  readonly atLeast?: number | undefined;
  readonly atMost?: number | undefined;
}

/** Cases that are compared with one another, run one after the other, round by round. */
export interface Scenario {
  readonly name: string;
  readonly title: string;
  /** What is done and how it is measured, for the report. */
  readonly about: string;
  /** Of the load server. */
  readonly latencyMs: number;
  readonly full: Scale;
  readonly quick: Scale;
  readonly columns: readonly Column[];
  /** Whether the table has a row for each of `columns` and a column for each case. Default: false. */
  readonly isTurned?: boolean | undefined;
  readonly cases: readonly Case[];
}

export function isWithin(
  { atLeast = Number.NEGATIVE_INFINITY, atMost = Number.POSITIVE_INFINITY }: Bounds,
  figure: number,
): boolean {
  return figure >= atLeast && figure <= atMost;
}
