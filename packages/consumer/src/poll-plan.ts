import { sqsLimits } from '@sqskit/core';

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
}

/**
 * How many SQS messages the next poll asks for; 0 for no poll now. Never more than there is room for beyond what other
 * polls have asked for, as they are expected to hold; but where there is room at all, for a pack that exceeds it.
 *
 * A poll that asks for less than a full receive costs as much as one that does not, so it is only made when nothing is
 * ready to run and no other poll is under way.
 */
export function receiveSize({ capacity, taken, ready, each }: Demand, asked: number): number {
  const room = Math.ceil((capacity - taken) / each) - asked;
  const full = Math.min(sqsLimits.maxBatchEntries, Math.ceil(capacity / each));
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

const firstBackoffMs = 1_000;
const longestBackoffMs = 30_000;

/**
 * How long to rest after the `failures`th failed poll in a row: exponential, and random in the upper half, so that even
 * an unlucky series of draws makes few calls.
 */
export function restAfterFailureMs(failures: number, random: () => number): number {
  const boundMs = Math.min(longestBackoffMs, firstBackoffMs * 2 ** (failures - 1));
  return (boundMs * (1 + random())) / 2;
}
