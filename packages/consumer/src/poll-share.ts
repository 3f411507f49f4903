import { type Demand, receiveSize } from './poll-plan.ts';

/** Where a queue stands that shares the room. Counts are of messages, those of packs each, unless said. */
export interface Claim {
  /** How much of the room it is to have beside the others, where it has use for it. */
  readonly weight: number;
  /** Whether it may poll now. */
  readonly isFree: boolean;
  /** Messages of it that take room. */
  readonly taken: number;
  /** SQS messages that it has asked for. */
  readonly asked: number;
  /** How many messages an SQS message of it is expected to hold, from 1. */
  readonly each: number;
  /** SQS messages that a poll of it is likely to bring: 0 where the last brought none, and while one waits for messages. */
  readonly appetite: number;
  /** Polls that it is likely to make soon, beyond those under way. */
  readonly outlook: number;
}

/** What there is to share. */
export type Room = Pick<Demand, 'capacity' | 'ready' | 'most' | 'fitting'>;

export interface NextPoll {
  /** Of which of the claims. */
  readonly position: number;
  /** For how many SQS messages. */
  readonly size: number;
}

/**
 * Which queue is polled next, and for how many messages; `undefined` for none now.
 *
 * Each queue polls as if its share of the room were all there is; where several may, the one that uses the least for its
 * weight. A poll that waits for messages, and one after that, takes no room, so that the others have it: what it brings
 * may exceed the room, and so the latter asks for one message. So no queue waits for another to be polled at all, and as
 * it turns out to have messages it is asked for more, and has its share as that becomes free.
 */
export function nextPoll(room: Room, claims: readonly Claim[]): NextPoll | undefined {
  const [only] = claims;
  if (only !== undefined && claims.length === 1) {
    const size = only.isFree ? receiveSize({ ...room, taken: only.taken, each: only.each }, only.asked) : 0;
    return size > 0 ? { position: 0, size } : undefined;
  }
  return claims.some(({ isFree }) => isFree) ? nextOfMany(room, claims) : undefined;
}

function nextOfMany(room: Room, claims: readonly Claim[]): NextPoll | undefined {
  let taken = 0;
  let used = 0;
  let unasked = 0;
  for (const claim of claims) {
    taken += claim.taken;
    used += usedBy(claim);
    unasked += claim.asked === 0 ? 1 : 0;
  }
  let shares: readonly number[] | undefined;
  let next: NextPoll | undefined;
  let leastUse = Number.POSITIVE_INFINITY;
  for (const [position, claim] of claims.entries()) {
    const use = usedBy(claim) / claim.weight;
    if (!claim.isFree || use >= leastUse) {
      continue;
    }
    let size = 0;
    if (claim.appetite === 0) {
      size = firstPoll(room, claim, taken);
    } else if (used < room.capacity) {
      shares ??= sharesOf(room.capacity, claims);
      // Memory for one message is left to each queue that has asked for none: a long poll of another holds its own for long.
      const fitting = room.fitting - unasked + (claim.asked === 0 ? 1 : 0);
      size = furtherPoll({ ...room, fitting }, claim, shares[position] ?? 0, used - usedBy(claim));
    }
    if (size > 0) {
      next = { position, size };
      leastUse = use;
    }
  }
  return next;
}

function firstPoll({ capacity, fitting }: Room, { asked }: Claim, taken: number): number {
  return asked === 0 && taken < capacity && fitting >= 1 ? 1 : 0;
}

function furtherPoll(room: Room, claim: Claim, share: number, usedByOthers: number): number {
  const { taken, asked, each, appetite } = claim;
  const left = room.capacity - usedByOthers; // may be less than its share: others may have more than theirs for a while
  const demand: Demand = {
    ...room,
    capacity: share,
    taken: Math.max(taken, share - (left - taken)),
    each,
    most: Math.min(room.most, appetite),
  };
  return receiveSize(demand, asked);
}

function usedBy({ taken, asked, each, appetite }: Claim): number {
  return appetite === 0 ? taken : taken + asked * each;
}

function sharesOf(capacity: number, claims: readonly Claim[]): readonly number[] {
  return shareOut(
    capacity,
    claims.map(({ weight }) => weight),
    claims.map((claim) => usedBy(claim) + claim.appetite * claim.outlook * claim.each),
  );
}

/**
 * Divides `capacity` by weight, but to nobody more than they want: what one leaves is divided among the others. All of it
 * is given out as long as somebody wants more.
 */
export function shareOut(
  capacity: number,
  weights: readonly number[],
  wants: readonly number[],
): readonly number[] {
  const shares = weights.map(() => Number.NaN); // while it is open
  let left = capacity;
  let openWeight = weights.reduce((sum, weight) => sum + weight, 0);
  let perWeight = 0;
  for (let isContent = true; isContent; ) {
    isContent = false;
    perWeight = left / openWeight;
    for (const [position, weight] of weights.entries()) {
      const wanted = wants[position] ?? 0;
      if (Number.isNaN(shares[position]) && wanted <= perWeight * weight) {
        isContent = true;
        shares[position] = wanted;
        left -= wanted;
        openWeight -= weight;
      }
    }
  }
  return shares.map((share, position) =>
    Number.isNaN(share) ? perWeight * (weights[position] ?? 0) : share,
  );
}
