import { createHash } from 'node:crypto';
import { type SendEntry, sqsLimits } from '@sqskit/core';
import { createDeque } from '@sqskit/core/deque';

/** What a duplicate is answered with. */
export interface FirstOfItsKind {
  readonly messageId: string;
  readonly sequenceNumber: string | undefined;
}

/** What a FIFO queue remembers of the last five minutes: also of messages that are deleted already. */
export interface DeduplicationMemory {
  /** The message that the entry repeats, if it does. */
  find(key: string, now: number): FirstOfItsKind | undefined;
  add(key: string, first: FirstOfItsKind, now: number): void;
}

/** The id given, or else the hash of the body; attributes do not count. (API_SendMessage, MessageDeduplicationId) */
export function deduplicationKey(entry: SendEntry): string {
  return entry.deduplicationId ?? createHash('sha256').update(entry.body).digest('hex');
}

export function createDeduplicationMemory(): DeduplicationMemory {
  const known = new Map<string, FirstOfItsKind>();
  const oldestFirst = createDeque<{ readonly key: string; readonly until: number }>();
  const forget = (now: number): void => {
    for (;;) {
      const oldest = oldestFirst.peekFront();
      if (oldest === undefined || oldest.until > now) {
        return;
      }
      oldestFirst.popFront();
      known.delete(oldest.key);
    }
  };
  return {
    find(key, now) {
      forget(now);
      return known.get(key);
    },
    add(key, first, now) {
      known.set(key, first);
      oldestFirst.pushBack({ key, until: now + sqsLimits.deduplicationWindowMs });
    },
  };
}
