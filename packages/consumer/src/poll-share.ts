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
  const taken = sum(claims.map((claim) => claim.taken));
  const used = sum(claims.map(usedBy));
  // Memory for one message is left to each queue that has asked for none: a long poll of another holds its own for long.
  const unasked = claims.filter(({ asked }) => asked === 0).length;
  const shares = shareOut(
    room.capacity,
    claims.map((claim) => ({ weight: claim.weight, wanted: usedBy(claim) + hungerOf(claim) })),
  );
  const free = claims
    .map((claim, position) => ({ claim, position }))
    .filter(({ claim }) => claim.isFree)
    .sort((one, other) => usedBy(one.claim) / one.claim.weight - usedBy(other.claim) / other.claim.weight);
  for (const { claim, position } of free) {
    const size =
      claim.appetite === 0
        ? firstPoll(room, claim, taken)
        : furtherPoll(
            { ...room, fitting: room.fitting - unasked + (claim.asked === 0 ? 1 : 0) },
            claim,
            shares[position] ?? 0,
            used - usedBy(claim),
          );
    if (size > 0) {
      return { position, size };
    }
  }
  return undefined;
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

function hungerOf({ appetite, outlook, each }: Claim): number {
  return appetite * outlook * each;
}

/** Somebody who wants a part of something. */
export interface Want {
  readonly weight: number;
  readonly wanted: number;
}

/**
 * Divides `capacity` by weight, but to nobody more than they want: what one leaves is divided among the others. All of it
 * is given out as long as somebody wants more.
 */
export function shareOut(capacity: number, wants: readonly Want[]): readonly number[] {
  const shares = wants.map(() => 0);
  let left = capacity;
  let open = [...wants.entries()];
  while (open.length > 0) {
    const perWeight = left / sum(open.map(([, { weight }]) => weight));
    const content = open.filter(([, { weight, wanted }]) => wanted <= perWeight * weight);
    if (content.length === 0) {
      for (const [position, { weight }] of open) {
        shares[position] = perWeight * weight;
      }
      break;
    }
    for (const [position, { wanted }] of content) {
      shares[position] = wanted;
      left -= wanted;
    }
    open = open.filter((entry) => !content.includes(entry));
  }
  return shares;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
