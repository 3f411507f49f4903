import { type ErrorCode, isQueueError, type QueueError } from '@sqskit/core';
import type { Availability } from './breaker.ts';

// What is wrong with a region, its queue or the way there. Any other code is about the message or the call, and would be
// the same everywhere. `closed`: someone has closed this region's sender alone; while the whole closes, nothing fails over.
const regional: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'throttled',
  'in-flight-limit',
  'access-denied',
  'queue-missing',
  'region-mismatch',
  'network-error',
  'timeout',
  'pool-exhausted',
  'buffer-full',
  'deadline-exceeded',
  'closed',
]);

/** Whether a failure is the region's, and not the message's or the caller's. */
function isRegional(error: QueueError): boolean {
  return (
    error.code !== 'aborted' && (regional.has(error.code) || error.retryable || error.outcome === 'unknown')
  );
}

/** Whether a message may be given to another region: only if this one has certainly not accepted it. */
export function mayFailOver(error: QueueError): boolean {
  return error.outcome === 'rejected' && isRegional(error);
}

/** Whether a failure speaks against the region's health. A message that never left its buffer has not tried it. */
export function speaksAgainst(error: QueueError): boolean {
  return isRegional(error) && !(error.code === 'deadline-exceeded' && callsOf(error) === 0);
}

/** The calls that a message took part in before this error. */
export function callsOf(error: QueueError): number {
  if (isQueueError(error, 'deadline-exceeded')) {
    return error.details.attempts;
  }
  return error.code === 'buffer-full' || error.code === 'closed' || error.code === 'pool-exhausted' ? 0 : 1;
}

/** The part of the time left that an attempt gets: half of it while another region remains, all of it otherwise. */
export function shareOf(leftMs: number, othersRemain: boolean): number {
  return othersRemain ? leftMs / 2 : leftMs;
}

/** Which of the untried is next, and what that leaves. */
export interface Choice<S> {
  readonly chosen: S;
  readonly others: readonly S[];
  /** Whether time must be kept for another: one no worse than the chosen. */
  readonly othersRemain: boolean;
}

/** The first, in the order of the route, that is not to be avoided; where all are, the first: it is the last resort. */
export function chooseNext<S>(
  untried: readonly [S, ...S[]],
  availabilityOf: (site: S) => Availability,
): Choice<S> {
  const isUsable = (site: S): boolean => availabilityOf(site) !== 'avoid';
  const usable = untried.find(isUsable);
  const chosen = usable ?? untried[0];
  const others = untried.filter((site) => site !== chosen);
  return { chosen, others, othersRemain: usable === undefined ? others.length > 0 : others.some(isUsable) };
}
