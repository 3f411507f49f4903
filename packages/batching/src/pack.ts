import type { Sealed, SendEntry } from '@sqskit/core';
import type { AccumulatorEntry, Ticket } from '@sqskit/core/accumulator';
import type { Linked } from '@sqskit/core/linked-list';
import type { Outgoing } from './outgoing.ts';

/**
 * Messages that travel as one SQS message. It is sealed once: whatever it is tried again for, it is the same bytes, with
 * the same deduplication id.
 */
export class Pack<T> implements AccumulatorEntry, Linked<Pack<T>> {
  previous: Pack<T> | undefined;
  next: Pack<T> | undefined;
  readonly members: readonly [Outgoing<T>, ...Outgoing<T>[]];
  readonly wire: SendEntry;
  readonly sealed: Sealed;
  readonly bytes: number;
  readonly lane: string | undefined;
  readonly flow: string | undefined;
  /** That of the member who has longest. Each member's own is seen to beside it. */
  readonly deadlineAt: number;

  ticket: Ticket | undefined;
  /** Whether it took part in a call. */
  hasLeft = false;
  /** Members whose promise is not settled. */
  unsettled: number;
  /** Whether it was taken back, and its members are packed again. */
  isDissolved = false;

  constructor(
    members: readonly [Outgoing<T>, ...Outgoing<T>[]],
    wire: SendEntry,
    sealed: Sealed,
    bytes: number,
  ) {
    const [first] = members;
    let { deadlineAt } = first;
    for (const member of members) {
      deadlineAt = Math.max(deadlineAt, member.deadlineAt);
    }
    this.members = members;
    this.wire = wire;
    this.sealed = sealed;
    this.bytes = bytes;
    this.lane = first.lane;
    this.flow = first.flow;
    this.deadlineAt = deadlineAt;
    this.unsettled = members.length;
  }
}
