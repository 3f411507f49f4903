import { addFaults, amplificationOf, type TalliedFaults } from '../suite.ts';
import type { Evidence } from './evidence.ts';

/** What was counted in a run, or in many. */
export interface RunCounts {
  readonly runs: number;
  /** Messages; of a pack each counts. */
  readonly messages: number;
  readonly handled: number;
  /** Receipt handles that consumers were given. */
  readonly deliveries: number;
  /** Handlers that were started. */
  readonly starts: number;
  readonly stops: number;
  readonly crashes: number;
  readonly leasesLost: number;
  readonly receives: number;
  /** Calls that settle or renew. */
  readonly settles: number;
  readonly sends: number;
  readonly renewals: number;
  /** Receipt handles that a consumer settled, or tried to. */
  readonly settled: number;
  /** How often those were in a call that settles. */
  readonly appearances: number;
  /** In how many of these appearances the call or the entry failed, as the consumer was told. */
  readonly failures: number;
  readonly faults: TalliedFaults;
}

export const nothingCounted: RunCounts = {
  runs: 0,
  messages: 0,
  handled: 0,
  deliveries: 0,
  starts: 0,
  stops: 0,
  crashes: 0,
  leasesLost: 0,
  receives: 0,
  settles: 0,
  sends: 0,
  renewals: 0,
  settled: 0,
  appearances: 0,
  failures: 0,
  faults: {},
};

export function countRun({ history, planned, handled, queues }: Evidence): RunCounts {
  const attempts = [...handled.values()].flatMap((one) => one.attempts);
  const settling = attempts.filter(({ isRenewal }) => !isRenewal);
  return {
    runs: 1,
    messages: planned.reduce((sum, { names }) => sum + names.length, 0),
    handled: new Set(history.runs.filter(({ result }) => result === 'ack').map(({ name }) => name)).size,
    deliveries: handled.size,
    starts: history.runs.length,
    stops: history.stops.length,
    crashes: history.instances.filter(({ crashed }) => crashed !== undefined).length,
    leasesLost: history.failures.filter(({ during }) => during === 'lease').length,
    receives: history.receives.length,
    settles: history.settles.length,
    sends: history.sends.length,
    renewals: attempts.length - settling.length,
    settled: new Set(settling.map(({ handle }) => handle)).size,
    appearances: settling.length,
    failures: settling.filter(({ ok }) => ok !== true).length,
    faults: queues
      .flatMap(({ queue, dead }) => [queue.injectedFaults, dead.injectedFaults])
      .reduce<TalliedFaults>(addFaults, {}),
  };
}

export function addCounts(a: RunCounts, b: RunCounts): RunCounts {
  return {
    runs: a.runs + b.runs,
    messages: a.messages + b.messages,
    handled: a.handled + b.handled,
    deliveries: a.deliveries + b.deliveries,
    starts: a.starts + b.starts,
    stops: a.stops + b.stops,
    crashes: a.crashes + b.crashes,
    leasesLost: a.leasesLost + b.leasesLost,
    receives: a.receives + b.receives,
    settles: a.settles + b.settles,
    sends: a.sends + b.sends,
    renewals: a.renewals + b.renewals,
    settled: a.settled + b.settled,
    appearances: a.appearances + b.appearances,
    failures: a.failures + b.failures,
    faults: addFaults(a.faults, b.faults),
  };
}

/**
 * How many times more was called to settle than the failures account for: of n
 * receipt handles that were settled (`amplificationOf`). One that is tried until SQS confirms it, and
 * then left alone, makes 1; above 1, something was settled again. Below 1, some leases ended before.
 */
export function amplification({ appearances, failures, settled }: RunCounts): number {
  return amplificationOf(settled, appearances, failures);
}
