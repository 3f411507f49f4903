import type { Random } from '@sqskit/core/retry';

/**
 * What is known of a region's health, as plain data. A breaker:
 *
 *     closed ──`failureThreshold` failures in a row──▶ open ──its time is up──▶ one probe at a time
 *       ▲                                               ▲                        │         │
 *       └────────────────── succeeded ──────────────────┼────────────────────────┘         │
 *                                                       └──── failed: for longer ──────────┘
 *
 * Results count only in the epoch in which their attempt began: what was under way when the breaker opened or closed
 * tells of before.
 */
export interface Health {
  readonly epoch: number;
  /** Failures in a row while closed. */
  readonly failures: number;
  /** How often it opened, less one for each success since: the back-off grows with it. */
  readonly openings: number;
  /** On the monotonic clock, when a probe may begin; `undefined` while closed. */
  readonly probeAt: number | undefined;
  readonly isProbing: boolean;
}

export const healthy: Health = {
  epoch: 0,
  failures: 0,
  openings: 0,
  probeAt: undefined,
  isProbing: false,
};

/** `avoid`: use it only where nothing else is left. */
export type Availability = 'ready' | 'probe' | 'avoid';

/** The right to one attempt, given back with its result. */
export interface Permit {
  readonly as: Availability;
  readonly epoch: number;
}

/** `inconclusive`: the attempt ended for a reason that says nothing about the region. */
export type AttemptResult = 'succeeded' | 'failed' | 'inconclusive';

export interface BreakerPolicy {
  /** Failures in a row that open it. */
  readonly failureThreshold: number;
  /** The first time that it stays open, before jitter; doubled each time. */
  readonly probeAfterMs: number;
  /** The longest time that it stays open. */
  readonly maxProbeAfterMs: number;
}

export function availability(health: Health, now: number): Availability {
  if (health.probeAt === undefined) {
    return 'ready';
  }
  return health.isProbing || now < health.probeAt ? 'avoid' : 'probe';
}

/** Health with an attempt begun. */
export function afterStart(health: Health, permit: Permit): Health {
  return permit.as === 'probe' ? { ...health, isProbing: true } : health;
}

/** Health with an attempt ended. */
export function afterResult(
  health: Health,
  permit: Permit,
  result: AttemptResult,
  now: number,
  policy: BreakerPolicy,
  random: Random,
): Health {
  if (permit.epoch !== health.epoch) {
    return health;
  }
  if (health.probeAt === undefined) {
    return afterResultWhileClosed(health, result, now, policy, random);
  }
  if (result === 'succeeded') {
    const { epoch, openings } = health;
    return { epoch: epoch + 1, failures: 0, openings, probeAt: undefined, isProbing: false };
  }
  if (permit.as !== 'probe') {
    return health; // a last resort that failed: nothing new
  }
  return result === 'failed' ? open(health, now, policy, random) : { ...health, isProbing: false };
}

function afterResultWhileClosed(
  health: Health,
  result: AttemptResult,
  now: number,
  policy: BreakerPolicy,
  random: Random,
): Health {
  switch (result) {
    case 'succeeded':
      // The common case allocates nothing.
      return health.failures === 0 && health.openings === 0
        ? health
        : { ...health, failures: 0, openings: Math.max(0, health.openings - 1) };
    case 'failed': {
      const failures = health.failures + 1;
      return failures < policy.failureThreshold ? { ...health, failures } : open(health, now, policy, random);
    }
    case 'inconclusive':
      return health;
  }
}

/** Half of the time is certain and half is jitter, so that processes that opened together do not probe together. */
function open(health: Health, now: number, policy: BreakerPolicy, random: Random): Health {
  const fullMs = Math.min(policy.maxProbeAfterMs, policy.probeAfterMs * 2 ** health.openings);
  const probeAt = now + (fullMs * (1 + random())) / 2;
  return { epoch: health.epoch + 1, failures: 0, openings: health.openings + 1, probeAt, isProbing: false };
}
