import type { MessagePort } from 'node:worker_threads';
import type { IncomingMessage } from '@sqskit/core';
import type { Carried } from './carried-error.ts';
import type { CarriedVerdict } from './carried-verdict.ts';

/** One message on its way to a thread. */
export interface Task {
  /** URL of the handler's module. */
  readonly file: string;
  readonly message: IncomingMessage<unknown>;
  /** By which the signal's reason comes, once it aborts. */
  readonly aborts: MessagePort;
}

/** What came of it; `aborted`: it threw its signal's reason. */
export type Reply =
  | { readonly verdict: CarriedVerdict | undefined }
  | { readonly thrown: Carried | 'aborted' };
