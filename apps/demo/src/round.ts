import { createHistogram, type RecordableHistogram } from 'node:perf_hooks';
import { isQueueError } from '@sqskit/core';
import { reasonOf } from './failure.ts';
import { createLedger, type Ledger } from './ledger.ts';
import { type Parcel, parcelBody, readParcel } from './parcel.ts';
import { createStatistics, type Statistics } from './process-event.ts';

/** A message to send: the event's place in the round, and the body that carries it. */
interface Outgoing {
  readonly seq: number;
  readonly body: string;
  /** FIFO queues only. */
  readonly groupId: string | undefined;
  readonly deduplicationId: string | undefined;
}

/** Messages of a FIFO queue are spread over this many groups, so that they do not all wait for one another. */
const fifoGroups = 100;

/** One lot of events on its way through a queue: hands them over, takes them back and keeps the books meanwhile. */
export interface Round {
  readonly ledger: Ledger;
  readonly statistics: Statistics;
  /** From the moment a message is handed over to the end of its handler, in microseconds; the first delivery counts. */
  readonly latencyUs: RecordableHistogram;
  /** When the first message was handed over and the last one processed, on `performance.now()`. */
  readonly startedAt: number;
  readonly lastProcessedAt: number;
  /** Every event once. Taking one hands it over; there are no more once the signal has aborted. */
  outgoing(stop: AbortSignal): Generator<Outgoing>;
  /** Books a message that could not be sent, and why. */
  sendFailed(seq: number, error: unknown): void;
  /** Why messages could not be sent, with the number of them. */
  readonly sendFailures: ReadonlyMap<string, number>;
  /** The handler of both ways. Throws for a poisonous event. */
  process(parcel: Parcel): void;
  /** Resolves when half of the events are handed over. */
  readonly halfway: Promise<void>;
  /** Resolves when nothing that was handed over is outstanding, once all is handed over. */
  readonly finished: Promise<void>;
}

export interface RoundOptions {
  readonly run: string;
  readonly events: readonly string[];
  /** How many events at the end fail whenever they are processed. */
  readonly poison: number;
  readonly fifo: boolean;
}

export function createRound({ run, events, poison, fifo }: RoundOptions): Round {
  const ledger = createLedger(run, events.length);
  const statistics = createStatistics();
  const latencyUs = createHistogram();
  const handedOverAt = new Float64Array(events.length);
  const halfway = Promise.withResolvers<void>();
  const finished = Promise.withResolvers<void>();
  const sendFailures = new Map<string, number>();
  let handedOver = 0;
  let startedAt = 0;
  let lastProcessedAt = 0;

  return {
    ledger,
    statistics,
    latencyUs,
    halfway: halfway.promise,
    finished: finished.promise,
    get startedAt() {
      return startedAt;
    },
    get lastProcessedAt() {
      return lastProcessedAt;
    },
    *outgoing(stop) {
      startedAt = performance.now();
      for (const [seq, event] of events.entries()) {
        if (stop.aborted) {
          return;
        }
        const body = parcelBody(run, seq, event);
        handedOverAt[seq] = performance.now();
        handedOver++;
        ledger.handedOver(seq);
        if (handedOver * 2 >= events.length) {
          halfway.resolve();
        }
        yield {
          seq,
          body,
          groupId: fifo ? String(seq % fifoGroups) : undefined,
          deduplicationId: fifo ? `${run}-${seq}` : undefined,
        };
      }
    },
    sendFailures,
    sendFailed(seq, error) {
      const reason = kindOf(error);
      sendFailures.set(reason, (sendFailures.get(reason) ?? 0) + 1);
      ledger.sendFailed(seq, !(isQueueError(error) && error.outcome === 'rejected'));
    },
    process({ seq, event }) {
      if (seq >= events.length - poison) {
        throw new Error(`event ${seq} is poisonous, as --poison asked for`);
      }
      // Delivery is at least once: what was processed before is not processed again.
      if (ledger.isProcessed(seq)) {
        ledger.processed(seq);
        return;
      }
      statistics.add(event);
      ledger.processed(seq);
      lastProcessedAt = performance.now();
      latencyUs.record(Math.max(1, Math.round((lastProcessedAt - (handedOverAt[seq] ?? 0)) * 1_000)));
      if (handedOver === events.length && ledger.outstandingCount() === 0) {
        finished.resolve();
      }
    },
  };
}

/** A failure in words that are the same for each message that failed so. */
function kindOf(error: unknown): string {
  if (!isQueueError(error)) {
    return reasonOf(error);
  }
  return error.cause === undefined ? error.code : `${error.code}, ${reasonOf(error.cause)}`;
}

/** Where messages arrive: gives each to its round, and keeps apart what this program did not send. */
export interface Desk {
  open(round: Round): void;
  /** Whether the message was one of ours, and is processed now. Throws what its processing throws. */
  receive(messageId: string, body: string): boolean;
  /** Ids of messages that others sent; they stay in the queue. */
  readonly foreign: ReadonlySet<string>;
}

export function createDesk(): Desk {
  const rounds = new Map<string, Round>();
  const foreign = new Set<string>();
  return {
    foreign,
    open: (round) => {
      rounds.set(round.ledger.run, round);
    },
    receive(messageId, body) {
      const parcel = readParcel(body);
      const round = parcel && rounds.get(parcel.run);
      if (parcel === undefined || round === undefined) {
        foreign.add(messageId);
        return false;
      }
      round.process(parcel);
      return true;
    },
  };
}
