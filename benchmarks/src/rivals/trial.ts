import type { FakeQueue, ScriptedFaults } from '@sqskit/testing';
import type { Bounds } from '../scenarios/scenario.ts';
import type { Handle, Settings, Subject } from './library.ts';

/** A queue on a server of its own in the trial's process, and the library that is tried on it. */
export interface Stage {
  readonly queue: FakeQueue;
  readonly faults: ScriptedFaults;
  /** Requests that the server has been sent: of every kind, or of one, batch calls with single ones. */
  requests(kind?: 'ReceiveMessage' | 'DeleteMessage' | 'ChangeMessageVisibility'): number;
  /** Rejections that nobody handled so far, any of which would end a process. */
  unhandledRejections(): number;
  /** Puts messages into the queue, at once: so many numbers, or these bodies. On a FIFO queue in order, all of one group. */
  put(what: number | readonly string[]): Promise<void>;
  /** Opens a consumer of the library's with the trial's settings; the trial starts it. */
  open(handle: Handle): Promise<Subject>;
  /** Whether to take seconds rather than ten of them: fewer repetitions, the same question. */
  readonly isBrief: boolean;
}

/** A situation in which one library or another was found to do wrong. */
export interface Trial {
  /** Stable: results go by it. */
  readonly name: string;
  /** What is counted, for the report. */
  readonly title: string;
  readonly digits: number;
  /** What is right. */
  readonly right: Bounds;
  /** What the library is told, and must have something for. */
  readonly settings: Settings;
  /** How long a call takes, in milliseconds. Default: 5. */
  readonly latencyMs?: number;
  /** Default: a standard queue. */
  readonly isFifo?: boolean;
  /** Whether it counts on time so much that no other trial is to run beside it. Default: false. */
  readonly isAlone?: boolean;
  readonly run: (stage: Stage) => Promise<number>;
}
