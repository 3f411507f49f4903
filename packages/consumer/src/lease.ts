import { sqsLimits } from '@sqskit/core';

/** The time for which a received message is ours. All times on the monotonic clock. */
export interface Lease {
  /** When the message was received: 12 h after that SQS ends it, however often it is renewed. */
  readonly receivedAt: number;
  /** When it was taken or last renewed. */
  readonly takenAt: number;
  readonly expiresAt: number;
}

/** SQS has counted the 12 h from a little before we knew of the message, and refuses what would go beyond. */
const capMarginMs = 5_000;

/** SQS counts in whole seconds, and rounding up must not go beyond the cap. */
const secondMs = 1_000;

/** The lease of a message just received. */
export function takeLease(receivedAt: number, visibilityTimeoutMs: number): Lease {
  return {
    receivedAt,
    takenAt: receivedAt,
    expiresAt: receivedAt + visibilityTimeoutMs,
  };
}

/** The lease after a renewal for `renewedMs`, counted from when it was asked for: SQS's own count starts no earlier. */
export function renewLease(lease: Lease, requestedAt: number, renewedMs: number): Lease {
  return { receivedAt: lease.receivedAt, takenAt: requestedAt, expiresAt: requestedAt + renewedMs };
}

/** The longest visibility timeout up to `wantedMs` that SQS still grants. */
export function grantableMs(lease: Lease, now: number, wantedMs: number): number {
  const leftMs = Math.floor((capOf(lease) - now) / secondMs) * secondMs;
  return Math.max(0, Math.min(wantedMs, leftMs));
}

/**
 * When to renew: at half time, so that a failed renewal can be repeated several times before the lease ends. Infinity
 * where no renewal could prolong it.
 */
export function renewalDueAt(lease: Lease): number {
  const { takenAt, expiresAt } = lease;
  return expiresAt + secondMs > capOf(lease) ? Number.POSITIVE_INFINITY : takenAt + (expiresAt - takenAt) / 2;
}

/** From when on it may be renewed along with others that are due, so that their calls are full. */
export function renewableFrom({ takenAt, expiresAt }: Lease, renewalDueAt: number): number {
  return renewalDueAt - (expiresAt - takenAt) / 10;
}

/** When to try again after a renewal that failed, or beside a delete: three more times in what is left of the lease. */
export function renewalRetryAt({ expiresAt }: Lease, now: number): number {
  return now + Math.max(secondMs / 10, (expiresAt - now) / 4);
}

export function isExpired({ expiresAt }: Lease, now: number): boolean {
  return now >= expiresAt;
}

function capOf({ receivedAt }: Lease): number {
  return receivedAt + sqsLimits.maxVisibilityTimeoutMs - capMarginMs;
}
