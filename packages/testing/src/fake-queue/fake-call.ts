import type { ReceiveRequest, SendEntry, VisibilityChange } from '@sqskit/core';
import type { QueueVerb } from '../faults/fault.ts';

interface CallOf<V extends QueueVerb, G> {
  readonly verb: V;
  /** Entries of a batch call; for `receive`, the most messages it asks for; 0 for `describe` and `depth`. */
  readonly entries: number;
  /** When it began, on the clock's monotonic scale. */
  readonly atMs: number;
  /** What it was given. */
  readonly given: G;
}

/** A call that was made. `verb` tells which. */
export type FakeCall =
  | CallOf<'sendBatch', readonly SendEntry[]>
  | CallOf<'receive', ReceiveRequest>
  | CallOf<'deleteBatch', readonly string[]>
  | CallOf<'changeVisibilityBatch', readonly VisibilityChange[]>
  | CallOf<'describe' | 'depth', undefined>;

/** The API action of a verb, as errors name it. */
export const operations: Readonly<Record<QueueVerb, string>> = {
  sendBatch: 'SendMessageBatch',
  receive: 'ReceiveMessage',
  deleteBatch: 'DeleteMessageBatch',
  changeVisibilityBatch: 'ChangeMessageVisibilityBatch',
  describe: 'GetQueueAttributes',
  depth: 'GetQueueAttributes',
};
