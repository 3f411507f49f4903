import type { Logger } from '@sqskit/core';
import type { Sink, Snapshot } from './snapshot.ts';

/** One sink's own line of snapshots, so that a sink that hangs holds up nobody else. */
export interface Delivery {
  /** Resolves when the sink is done with this snapshot, or it was dropped. Never rejects. */
  write(snapshot: Snapshot): Promise<void>;
  /** Resolves when the sink is done with all that it was given. Never rejects. */
  settled(): Promise<void>;
  /** Closes the sink, after all that it was given. Never rejects. */
  close(): Promise<void>;
}

// Two ride out one slow write; more would grow without end behind a write that never ends.
const maxWaiting = 2;

interface Waiting {
  readonly snapshot: Snapshot;
  readonly done: () => void;
}

/** The logger must be one that never throws. */
export function createDelivery(sink: Sink, logger: Logger): Delivery {
  const waiting: Waiting[] = [];
  let last: Promise<void> = Promise.resolve();
  let isWriting = false;
  let isDropping = false;

  /** A sink's failure is told and goes no further. */
  const guarded = async (deliver: () => Promise<void> | void): Promise<void> => {
    try {
      await deliver();
    } catch (error) {
      logger.warn('metrics: a sink failed', { error });
    }
  };

  const writeAll = async (): Promise<void> => {
    isWriting = true;
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      const { snapshot, done } = next;
      await guarded(() => sink.write(snapshot));
      done();
    }
    isWriting = false;
    isDropping = false;
  };

  const dropOldest = (): void => {
    waiting.shift()?.done();
    if (!isDropping) {
      isDropping = true;
      logger.warn('metrics: a sink does not keep up; its oldest snapshots are dropped', { maxWaiting });
    }
  };

  return {
    write(snapshot) {
      last = new Promise((done) => waiting.push({ snapshot, done }));
      if (!isWriting) {
        void writeAll();
      } else if (waiting.length > maxWaiting) {
        dropOldest();
      }
      return last;
    },
    settled: () => last,
    close: () => last.then(() => guarded(() => sink.close?.())),
  };
}
