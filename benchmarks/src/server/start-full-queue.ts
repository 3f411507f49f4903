import { forkServer } from './fork-server.ts';
import type { Target } from './start-load-server.ts';

export interface FullQueueOptions {
  /** How long a call takes, half before it has its effect and half after, in milliseconds. */
  readonly latencyMs: number;
  /** How many messages are in the queue, each of 1,024 bytes of JSON. */
  readonly messages: number;
}

/** How many messages it must have been asked to delete before it is answered. */
export interface FullQueueQuestion {
  readonly deletes: number;
}

/** What the queue was asked since it was filled. */
export interface FullQueueCounts {
  /** Calls of every kind. */
  readonly calls: number;
  /** Messages to delete. */
  readonly deletes: number;
  /** CPU time of the server's process. */
  readonly cpuMicros: number;
}

/** A queue of the tests' fake SQS that is full of messages, in a process of its own. */
export interface FullQueue extends AsyncDisposable {
  readonly target: Target;
  /** As soon as it has been asked to delete so many messages; one question at a time. */
  countsWhenAsked(deletes: number): Promise<FullQueueCounts>;
}

const program = new URL('full-queue-process.ts', import.meta.url);

export async function startFullQueue(options: FullQueueOptions): Promise<FullQueue> {
  const server = await forkServer<Target>(program, options);
  return {
    target: server.ready,
    countsWhenAsked: (deletes) => server.ask<FullQueueCounts>({ deletes } satisfies FullQueueQuestion),
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}
