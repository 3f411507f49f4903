import type { FaultCounts } from '@sqskit/testing';
import { addFaults, amplificationOf, type TalliedFaults } from '../suite.ts';
import type { Evidence } from './evidence.ts';

/** What was counted in a run, or in many. */
export interface RunCounts {
  readonly runs: number;
  readonly offered: number;
  readonly sent: number;
  readonly rejected: number;
  readonly unknown: number;
  readonly calls: number;
  /** SQS messages in these calls: packs, or messages by themselves. */
  readonly entries: number;
  /** Messages that left at least once. */
  readonly left: number;
  /** How often those were in a call: each message of a pack counts. */
  readonly appearances: number;
  /** In how many of these appearances the call or the entry failed, as the producer was told. */
  readonly failures: number;
  readonly faults: TalliedFaults;
}

export const nothingCounted: RunCounts = {
  runs: 0,
  offered: 0,
  sent: 0,
  rejected: 0,
  unknown: 0,
  calls: 0,
  entries: 0,
  left: 0,
  appearances: 0,
  failures: 0,
  faults: {},
};

export function countRun({ history, ledger, appearances }: Evidence, faults: FaultCounts): RunCounts {
  const { sent, rejected, unknown } = ledger.report();
  const all = [...appearances.values()].flat();
  return {
    runs: 1,
    offered: history.offerings.size,
    sent: sent.length,
    rejected: rejected.length,
    unknown: unknown.length,
    calls: history.calls.length,
    entries: history.calls.reduce((sum, { entries }) => sum + entries.length, 0),
    left: appearances.size,
    appearances: all.length,
    failures: all.filter(({ outcome }) => outcome?.ok !== true).length,
    faults,
  };
}

export function addCounts(a: RunCounts, b: RunCounts): RunCounts {
  return {
    runs: a.runs + b.runs,
    offered: a.offered + b.offered,
    sent: a.sent + b.sent,
    rejected: a.rejected + b.rejected,
    unknown: a.unknown + b.unknown,
    calls: a.calls + b.calls,
    entries: a.entries + b.entries,
    left: a.left + b.left,
    appearances: a.appearances + b.appearances,
    failures: a.failures + b.failures,
    faults: addFaults(a.faults, b.faults),
  };
}

/**
 * How many times more was sent than the failures account for: of n messages that left
 * at least once (`amplificationOf`). A message that is tried until it is accepted, and then
 * never again, makes 1; above 1, something was sent again though it was accepted. Below 1, some were given up.
 */
export function amplification({ appearances, failures, left }: RunCounts): number {
  return amplificationOf(left, appearances, failures);
}
