import type { Progress } from './pack.ts';

/** What is done of an SQS message: how far the messages in it have come; `deleted` if it was deleted, and counted. */
export type Done = Progress | 'deleted';

/**
 * What is done of SQS messages that may all the same be delivered again, by message id. Bounded: the oldest are
 * forgotten, and run again if they come again.
 */
export interface Completed {
  find(messageId: string): Done | undefined;
  add(messageId: string, done: Done): void;
  /** It can come no more. */
  forget(messageId: string): void;
}

/** How many messages of a queue are remembered, unless a driver knows better. */
const defaultMaxSize = 1_000;

export function createCompleted(maxSize: number = defaultMaxSize): Completed {
  const known = new Map<string, Done>(); // iterates oldest first
  return {
    find: (messageId) => known.get(messageId),
    add(messageId, done) {
      known.delete(messageId);
      known.set(messageId, done);
      for (const oldest of known.keys()) {
        if (known.size <= maxSize) {
          break;
        }
        known.delete(oldest);
      }
    },
    forget: (messageId) => void known.delete(messageId),
  };
}
