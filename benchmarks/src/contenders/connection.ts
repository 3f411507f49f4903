import type { Queue } from '@sqskit/core';
import type { Target } from '../server/start-load-server.ts';

/** A queue over a client of its own. */
export interface Connection {
  readonly queue: Queue;
  readonly close: () => Promise<void>;
}

export type Connect = (target: Target) => Connection;
