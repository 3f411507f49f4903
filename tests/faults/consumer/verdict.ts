import {
  backOffIsKept,
  callsAreLegal,
  failedPollsRest,
  nothingIsRepeated,
  originsAreKept,
  retriesGoOn,
} from './call-checks.ts';
import {
  cleanStopsKeepNothing,
  memoryIsBounded,
  slotsAreKept,
  stoppedIsSilent,
  stopsAreFinal,
} from './consumer-checks.ts';
import type { Evidence } from './evidence.ts';
import {
  handlersAreTimed,
  handlersAreTold,
  leaseOperationsTakeTurns,
  leasesAreHeldWhenSettled,
  leasesAreKept,
  nothingIsSettledWhileItRuns,
  renewalsAreRare,
  renewalsEnd,
} from './lease-checks.ts';
import {
  deletesAreEarned,
  nothingLost,
  nothingReordered,
  nothingRunsTwiceAtOnce,
  receivesAreCounted,
  whatIsDoneIsRemembered,
} from './message-checks.ts';

const checks: readonly ((evidence: Evidence) => Iterable<string>)[] = [
  nothingLost,
  deletesAreEarned,
  nothingReordered,
  nothingRunsTwiceAtOnce,
  whatIsDoneIsRemembered,
  receivesAreCounted,
  leasesAreHeldWhenSettled,
  nothingIsSettledWhileItRuns,
  leasesAreKept,
  handlersAreTimed,
  handlersAreTold,
  renewalsEnd,
  leaseOperationsTakeTurns,
  renewalsAreRare,
  callsAreLegal,
  originsAreKept,
  failedPollsRest,
  nothingIsRepeated,
  retriesGoOn,
  backOffIsKept,
  slotsAreKept,
  memoryIsBounded,
  stopsAreFinal,
  stoppedIsSilent,
  cleanStopsKeepNothing,
];

/** What is wrong with a run; empty where nothing is. */
export function judge(evidence: Evidence): readonly string[] {
  return [...evidence.history.complaints, ...checks.flatMap((check) => [...check(evidence)])];
}
