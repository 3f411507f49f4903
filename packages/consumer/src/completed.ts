/**
 * Messages whose handler has completed and which SQS may all the same deliver again, by message id. Bounded: the oldest
 * are forgotten, and run again if they come again.
 */
export interface Completed {
  has(messageId: string): boolean;
  add(messageId: string): void;
  /** It can come no more. */
  forget(messageId: string): void;
}

export function createCompleted(maxSize: number): Completed {
  const ids = new Set<string>(); // iterates oldest first
  return {
    has: (messageId) => ids.has(messageId),
    add(messageId) {
      ids.delete(messageId);
      ids.add(messageId);
      for (const oldest of ids) {
        if (ids.size <= maxSize) {
          break;
        }
        ids.delete(oldest);
      }
    },
    forget: (messageId) => void ids.delete(messageId),
  };
}
