import type { QueueError } from '@sqskit/core';
import type { Leftover, Outgoing } from './outgoing.ts';
import type { Pack } from './pack.ts';

/** What becomes one SQS message: a message by itself, or a pack of them. */
export type Parcel<T> = Outgoing<T> | Pack<T>;

/**
 * The stage between the buffer and the batches: makes SQS messages of messages, and holds those that cannot go on yet.
 * What belongs to one lane goes on in the order of `send`.
 */
export interface Packaging<T> {
  /** Whether it has none whose deadline is to be watched. */
  readonly isEmpty: boolean;
  /**
   * A message that may go into the buffer: sets its bytes. Throws `message-invalid`, `message-too-large` and
   * `encode-failed` where that can be told at once.
   */
  prepare(outgoing: Outgoing<T>): void;
  /** It is in the buffer. */
  take(outgoing: Outgoing<T>): void;
  /** A message that is `held` is settled; its lane goes on without it. */
  remove(outgoing: Outgoing<T>): void;
  /** A message is given up that was handed over. */
  withdraw(outgoing: Outgoing<T>, error: QueueError): void;
  /** Those that are in the buffer and have not been handed over; those of a lane in order. */
  held(): readonly Outgoing<T>[];
  /** Those that were handed over and whose deadlines nobody else watches. */
  handed(): readonly Outgoing<T>[];
  /** The largest size is known: what came before is sealed, in order. */
  start(maxBytes: number, waiting: Iterable<Outgoing<T>>): void;
  /** What is held need not linger. */
  hurry(): void;
  /** A call has been answered. */
  answered(): void;
  /** A pack is settled. */
  settled(pack: Pack<T>): void;
}

export interface PackagingHooks<T> {
  /** A message's size is known better than before. */
  readonly resize: (outgoing: Outgoing<T>, bytes: number) => void;
  /** A message is held: its deadline is to be watched. */
  readonly held: (outgoing: Outgoing<T>) => void;
  /** It is ready, and all of its lane that came before has gone on. */
  readonly handOver: (parcel: Parcel<T>) => void;
  /** It cannot be sealed, or is given up. */
  readonly fail: (outgoing: Outgoing<T>, error: QueueError) => void;
  /** What sealing left elsewhere is not needed. */
  readonly discard: (sealed: Leftover) => void;
}
