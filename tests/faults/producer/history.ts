import type {
  CloseReport,
  Queue,
  QueueError,
  Sealed,
  SendEntry,
  SendOutcome,
  SendReceipt,
} from '@sqskit/core';
import type { Clock } from '@sqskit/core/clock';
import { createMoments, type Moment } from '../moments.ts';
import type { PlannedMessage } from './scenario.ts';

/** A call of `sendBatch`. */
export interface SendCall {
  readonly began: Moment;
  readonly entries: readonly SendEntry[];
  /** When it was answered, or given up by its caller. */
  ended: Moment | undefined;
  /** `undefined` while there is no answer, or where the caller did not wait for it. */
  outcomes: readonly SendOutcome[] | undefined;
}

/** A message that was offered to the producer, and what its promise said. */
export interface Offering {
  readonly planned: PlannedMessage;
  readonly body: string;
  readonly deadlineMs: number;
  readonly began: Moment;
  /** Whether the producer counted it as taken in or waiting; otherwise it was refused at the door. */
  readonly isTakenIn: boolean;
  settled: Moment | undefined;
  receipt: SendReceipt | undefined;
  error: QueueError | undefined;
}

/** What an envelope made, and how often it was told to undo it. */
export interface Seal {
  readonly sealed: Sealed;
  discards: number;
}

export interface Closing {
  readonly began: Moment;
  readonly timeoutMs: number;
  /** By the producer's books. */
  readonly failedBefore: number;
  ended: Moment | undefined;
  report: CloseReport<string> | undefined;
}

/** The most that was seen of what has a bound. */
export interface Peaks {
  bufferedMessages: number;
  bufferedBytes: number;
  waitingMessages: number;
  waitingBytes: number;
  callsInFlight: number;
}

/** Everything that happened in a run, as seen from outside the producer. */
export interface History {
  readonly calls: SendCall[];
  readonly offerings: Map<string, Offering>;
  readonly seals: Seal[];
  readonly peaks: Peaks;
  closing: Closing | undefined;
  /** Whether the producer learnt the queue's own limit. */
  isLimitKnown: boolean;
  /** What was noticed on the spot. */
  readonly complaints: string[];
  now(): Moment;
}

export function createHistory(clock: Pick<Clock, 'monotonic'>): History {
  return {
    calls: [],
    offerings: new Map(),
    seals: [],
    peaks: { bufferedMessages: 0, bufferedBytes: 0, waitingMessages: 0, waitingBytes: 0, callsInFlight: 0 },
    closing: undefined,
    isLimitKnown: false,
    complaints: [],
    now: createMoments(clock),
  };
}

/** The queue as the producer is given it: every call of `sendBatch` goes into the history. */
export function watchedQueue(queue: Queue, history: History, onCall: () => void): Queue {
  const { calls, peaks } = history;
  const open = new Set<SendCall>();
  const sendBatch: Queue['sendBatch'] = async (entries, options) => {
    const call: SendCall = {
      began: history.now(),
      // Copies: what the producer does to its own afterwards must not change what was sent.
      entries: entries.map((entry) => ({ ...entry })),
      ended: undefined,
      outcomes: undefined,
    };
    const end = (): void => {
      call.ended ??= history.now();
      open.delete(call);
    };
    calls.push(call);
    open.add(call);
    peaks.callsInFlight = Math.max(peaks.callsInFlight, open.size);
    options?.signal?.addEventListener('abort', end, { once: true });
    onCall();
    const outcomes = await queue.sendBatch(entries, options);
    if (call.ended === undefined) {
      call.outcomes = outcomes;
    }
    end();
    options?.signal?.removeEventListener('abort', end);
    return outcomes;
  };
  const describe: Queue['describe'] = async (options) => {
    const description = await queue.describe(options);
    history.isLimitKnown = true;
    return description;
  };
  return new Proxy(queue, {
    get(target, name) {
      switch (name) {
        case 'sendBatch':
          return sendBatch;
        case 'describe':
          return describe;
        default:
          return Reflect.get(target, name, target);
      }
    },
  });
}
