import type { Queue } from '@sqskit/core';

/** A queue over a client of its own. */
export interface Connection {
  readonly queue: Queue;
  readonly close: () => Promise<void>;
}
