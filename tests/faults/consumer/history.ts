import type { ConsumerStats, ErrorContext, StopReport } from '@sqskit/consumer';
import type { SendOutcome, SettleOutcome } from '@sqskit/core';
import type { Clock } from '@sqskit/core/clock';
import { createMoments, type Moment } from '../moments.ts';
import type { Result } from './conduct.ts';
import type { Contents } from './contents.ts';
import type { ConsumerChoice } from './scenario.ts';

/** A consumer from when it was made to the end of its run, or to the crash of its process. */
export interface Instance {
  readonly choice: ConsumerChoice;
  /** Stops that have ended: what runs after one is of another stretch. */
  stretch: number;
  /** As many as it was told last. */
  slots: number;
  /** And the most that it was ever told. */
  mostSlots: number;
  /** Whether its breaker is open. */
  isOpen: boolean;
  /** How many messages it was let ask for, and has asked for, where it asks. */
  admitted: number;
  asked: number;
  crashed: Moment | undefined;
  /** When it was told to start. */
  readonly starts: Moment[];
  /** The most that was seen to wait and run at a time. */
  mostInHand: number;
  /** When its event loop was blocked. */
  readonly blocks: { readonly fromMs: number; readonly toMs: number }[];
  /** When it was paused, and no longer. */
  readonly pauses: { readonly from: Moment; to: Moment | undefined }[];
}

/** A call that an instance made. `ended` and its answer are missing while there is none, or nobody is left to hear it. */
interface Call {
  readonly by: Instance;
  readonly began: Moment;
  ended: Moment | undefined;
}

export interface ReceiveCall extends Call {
  readonly stretch: number;
  readonly queueUrl: string;
  readonly asked: number;
  /** Whether the breaker was open. */
  readonly isOpen: boolean;
  /** Whether it asks for more than it was let. */
  readonly isTooMuch: boolean;
  /** Whether the instance ended it. */
  isAborted: boolean;
  isFailed: boolean;
  deliveries: readonly Delivery[];
}

/** A receipt handle that an instance was given. */
export interface Delivery {
  readonly by: Instance;
  readonly asked: Moment;
  readonly at: Moment;
  readonly queueUrl: string;
  readonly handle: string;
  /** Of its body and attributes. */
  readonly bytes: number;
  /** How long its lease is to begin with. */
  readonly visibilityTimeoutMs: number;
  readonly messageId: string;
  readonly receiveCount: number;
  readonly contents: Contents;
}

export interface SettleEntry {
  readonly handle: string;
  /** Of a change of visibility; `undefined` for a delete. */
  readonly visibilityTimeoutMs: number | undefined;
}

/** A call that deletes, or changes visibility. */
export interface SettleCall extends Call {
  readonly queueUrl: string;
  readonly entries: readonly SettleEntry[];
  outcomes: readonly SettleOutcome[] | undefined;
}

/** A call that sends to the dead-letter queue, or what is left of packs to the queue itself. */
export interface SendCall extends Call {
  readonly queueUrl: string;
  readonly to: 'dead' | 'queue';
  readonly contents: readonly Contents[];
  outcomes: readonly SendOutcome[] | undefined;
}

/** A handler that was started. */
export interface HandlerRun {
  readonly by: Instance;
  readonly stretch: number;
  readonly name: string;
  readonly messageId: string;
  readonly receiveCount: number;
  readonly began: Moment;
  readonly queueUrl: string;
  readonly groupId: string | undefined;
  /** Handlers of the instance and its stretch that ran when it had begun; and those of its group among them. */
  readonly running: number;
  readonly runningOfGroup: number;
  /** How many there might be. */
  readonly slots: number;
  ended: Moment | undefined;
  result: Result | undefined;
  /** Of `ack`: whether it said so, by a verdict. */
  isExplicit: boolean;
  /** The delay that it asked for with `retry`. */
  delayMs: number | undefined;
  /** Why its signal was aborted, and when that was noticed. */
  aborted: { readonly at: Moment; readonly code: string } | undefined;
}

export interface Stopping {
  readonly by: Instance;
  readonly began: Moment;
  readonly timeoutMs: number;
  readonly mode: 'finish' | 'release';
  /** Whether another was under way, whose report it shares. */
  readonly isJoining: boolean;
  ended: Moment | undefined;
  report: StopReport | undefined;
  /** When it had ended; `undefined` where the consumer was started again at once. */
  after: { readonly stats: ConsumerStats; readonly timers: number } | undefined;
}

export interface Failure {
  readonly by: Instance;
  readonly at: Moment;
  readonly during: ErrorContext['during'];
  readonly messageId: string | undefined;
}

/** Everything that happened in a run, as seen from outside the consumers. */
export interface History {
  readonly instances: Instance[];
  readonly receives: ReceiveCall[];
  readonly settles: SettleCall[];
  readonly sends: SendCall[];
  readonly runs: HandlerRun[];
  readonly stops: Stopping[];
  readonly failures: Failure[];
  /** What was noticed on the spot. */
  readonly complaints: string[];
  now(): Moment;
}

export function createHistory(clock: Pick<Clock, 'monotonic'>): History {
  return {
    instances: [],
    receives: [],
    settles: [],
    sends: [],
    runs: [],
    stops: [],
    failures: [],
    complaints: [],
    now: createMoments(clock),
  };
}
