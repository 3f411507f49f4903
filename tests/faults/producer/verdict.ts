import { callsAreLegal, retriesGoOn } from './call-checks.ts';
import type { Evidence } from './evidence.ts';
import {
  booksAddUp,
  closeIsFinal,
  memoryIsBounded,
  promisesAreTrue,
  sealsAreDiscarded,
} from './producer-checks.ts';
import { nothingChanged, nothingLost, nothingReordered, nothingRepeated } from './queue-checks.ts';

const checks: readonly ((evidence: Evidence) => Iterable<string>)[] = [
  nothingLost,
  nothingChanged,
  nothingRepeated,
  nothingReordered,
  callsAreLegal,
  retriesGoOn,
  promisesAreTrue,
  memoryIsBounded,
  closeIsFinal,
  booksAddUp,
  sealsAreDiscarded,
];

/** What is wrong with a run; empty where nothing is. */
export function judge(evidence: Evidence): readonly string[] {
  return [
    ...evidence.history.complaints,
    ...evidence.unreadable.map((message) => `a message of the queue cannot be read: ${message}`),
    ...checks.flatMap((check) => [...check(evidence)]),
  ];
}
