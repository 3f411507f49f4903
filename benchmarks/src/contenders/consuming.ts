import type { Target } from '../server/start-load-server.ts';
import type { Body } from './contender.ts';

/** What is done with a message, for as long as the promise is pending. */
export type Handle = (body: Body) => Promise<void>;

export interface ConsumingSetup {
  readonly target: Target;
  readonly handle: Handle;
  /** Most messages to be handled at a time, where a contender can be told. */
  readonly slots: number;
}

/** A way to receive, handle and delete messages, ours or another's. Receives from when it is opened until it is disposed of. */
export interface ConsumingContender {
  readonly name: string;
  /** How it is configured and used, and why so: a sentence or two for the report. */
  readonly how: string;
  /** Imports what it needs and no other contender, so that one's code is not in another's memory. */
  readonly open: (setup: ConsumingSetup) => Promise<AsyncDisposable>;
}
