import { type QueueError, sqsLimits } from '@sqskit/core';

/** What there is room for, in messages: those of a pack count each. */
export interface Demand {
  /** Slots and prefetch together. */
  readonly capacity: number;
  /** How much of it is taken by messages that wait or run. */
  readonly taken: number;
  /** Messages that only want a slot. */
  readonly ready: number;
  /** How many messages an SQS message is expected to hold, from 1. */
  readonly each: number;
  /** Most SQS messages that a poll may ask for. */
  readonly most: number;
  /** How many more SQS messages memory has room for. */
  readonly fitting: number;
}

/**
 * How many SQS messages the next poll asks for; 0 for no poll now. Never more than there is room for beyond what other
 * polls have asked for, as they are expected to hold; but where there is room at all, for a pack that exceeds it.
 *
 * A poll that asks for less than a full receive costs as much as one that does not, so it is only made when nothing is
 * ready to run and no other poll is under way.
 */
export function receiveSize(demand: Demand, asked: number): number {
  const { capacity, taken, ready, each, most, fitting } = demand;
  const room = Math.min(Math.ceil((capacity - taken) / each) - asked, fitting);
  const full = Math.min(sqsLimits.maxBatchEntries, Math.ceil(capacity / each), most);
  if (room >= full) {
    return full;
  }
  return asked === 0 && ready === 0 ? Math.max(0, room) : 0;
}

/**
 * How many polls there may be at a time after one has brought `received` of the `asked` messages: one more while they
 * come back full, one less when they come back less than half full, one alone once nothing comes.
 */
export function nextPollers(pollers: number, asked: number, received: number, maxPollers: number): number {
  if (received === 0) {
    return 1;
  }
  if (received >= asked) {
    return Math.min(maxPollers, pollers + 1);
  }
  return received * 2 < asked ? Math.max(1, pollers - 1) : pollers;
}

/**
 * How many messages a poll is likely to bring after one has brought `received` of the `asked` ones. Rises while polls come
 * back full, by doubling, and falls at once to twice what came; 0 after none.
 */
export function nextAppetite(appetite: number, asked: number, received: number): number {
  const twice = Math.min(sqsLimits.maxBatchEntries, 2 * received);
  return received >= asked ? Math.max(appetite, twice) : twice;
}

/** Empty polls in a row come to be this far apart at least, from start to start. */
const longestIdleCycleMs = 1_000;
const firstIdleCycleMs = 25;

/**
 * How long to rest after the `empties`th empty poll in a row, which took `tookMs`. Long polls never rest. Short ones, a
 * loop of which costs dollars an hour, come to be a second apart; but not at once: a single poll may come back empty and
 * early although messages are arriving, as where a message wakes several polls and one gets it.
 */
export function restAfterEmptyMs(empties: number, tookMs: number): number {
  const cycleMs = Math.min(longestIdleCycleMs, firstIdleCycleMs * 2 ** (empties - 1));
  return Math.max(0, cycleMs - tookMs);
}

interface Backoff {
  readonly firstMs: number;
  readonly longestMs: number;
}

/** An outage, or a limit. */
const passing: Backoff = { firstMs: 1_000, longestMs: 30_000 };
/** SQS asked for a slower pace. */
const throttled: Backoff = { firstMs: 5_000, longestMs: 30_000 };
/** A queue that is missing, or a permission: somebody has to do something about it, and may be about to. */
const lasting: Backoff = { firstMs: 5_000, longestMs: 120_000 };

/**
 * How long to rest after the `failures`th failed poll in a row: exponential, and random in the upper half, so that even
 * an unlucky series of draws makes few calls. It is never given up.
 */
export function restAfterFailureMs(failures: number, error: QueueError, random: () => number): number {
  const { firstMs, longestMs } = backoffOf(error);
  const boundMs = Math.min(longestMs, firstMs * 2 ** (failures - 1));
  return (boundMs * (1 + random())) / 2;
}

function backoffOf(error: QueueError): Backoff {
  if (error.throttled) {
    return throttled;
  }
  // What threw something of its own says nothing of whether it passes.
  return error.retryable || error.code === 'unexpected' ? passing : lasting;
}
