/** Where every message of a run ended up. All are numbers of messages. */
export interface Balance {
  /** Events of the run. */
  readonly events: number;
  /** Never handed over: the run was interrupted. */
  readonly notSent: number;
  /** Handed over and certainly not accepted by the queue. */
  readonly rejected: number;
  /** Handed over, no answer came, and the message was found nowhere: most likely never accepted. */
  readonly unconfirmed: number;
  /** In the queue's hands: accepted, or seen later. Always `processed + deadLettered + left + lost`. */
  readonly sent: number;
  readonly processed: number;
  readonly deadLettered: number;
  /** Still in the queue, read back from there. */
  readonly left: number;
  /** Sent, and found nowhere. */
  readonly lost: number;
  /** Deliveries of messages that had been processed already. */
  readonly duplicates: number;
}

/** Keeps account of every message of one run, by its sequence number. */
export interface Ledger {
  readonly run: string;
  readonly events: number;
  readonly duplicates: number;
  handedOver(seq: number): void;
  /** Sending failed: `mayHaveArrived` where the answer is not known. */
  sendFailed(seq: number, mayHaveArrived: boolean): void;
  /** Whether this is the first delivery that came through; counts the others as duplicates. */
  processed(seq: number): boolean;
  isProcessed(seq: number): boolean;
  deadLettered(seq: number): void;
  /** Found in the queue when everything had stopped. */
  left(seq: number): void;
  /** Accepted and not accounted for by now. Empty when every message that was sent has come to an end. */
  outstanding(): readonly number[];
  outstandingCount(): number;
  balance(): Balance;
}

const bit = { handedOver: 1, rejected: 2, unknown: 4, processed: 8, deadLettered: 16, left: 32 } as const;
const found = bit.processed | bit.deadLettered | bit.left;

type Fate = Exclude<keyof Balance, 'events' | 'sent' | 'duplicates'>;

// The first that applies decides: a message that was processed and lies in a queue as well was done.
const fates: readonly (readonly [mark: number, fate: Fate])[] = [
  [bit.processed, 'processed'],
  [bit.deadLettered, 'deadLettered'],
  [bit.left, 'left'],
  [bit.rejected, 'rejected'],
  [bit.unknown, 'unconfirmed'],
  [bit.handedOver, 'lost'],
];

function fateOf(marks: number): Fate {
  return fates.find(([mark]) => (marks & mark) !== 0)?.[1] ?? 'notSent';
}

export function createLedger(run: string, events: number): Ledger {
  // A byte a message, so that a million of them cost a megabyte.
  const marks = new Uint8Array(events);
  let duplicates = 0;
  let outstandingCount = 0;

  const isOutstanding = (seq: number): boolean =>
    ((marks[seq] ?? 0) & (bit.handedOver | bit.rejected | found)) === bit.handedOver;
  const mark = (seq: number, bits: number): void => {
    if (!Number.isInteger(seq) || seq < 0 || seq >= events) {
      throw new RangeError(`run ${run} has ${events} events, received sequence number ${seq}`);
    }
    outstandingCount -= Number(isOutstanding(seq));
    marks[seq] = (marks[seq] ?? 0) | bits;
    outstandingCount += Number(isOutstanding(seq));
  };

  return {
    run,
    events,
    get duplicates() {
      return duplicates;
    },
    handedOver: (seq) => mark(seq, bit.handedOver),
    sendFailed: (seq, mayHaveArrived) => mark(seq, mayHaveArrived ? bit.unknown : bit.rejected),
    processed(seq) {
      const isFirst = ((marks[seq] ?? 0) & bit.processed) === 0;
      duplicates += Number(!isFirst);
      mark(seq, bit.processed);
      return isFirst;
    },
    isProcessed: (seq) => ((marks[seq] ?? 0) & bit.processed) !== 0,
    deadLettered: (seq) => mark(seq, bit.deadLettered),
    left: (seq) => mark(seq, bit.left),
    outstanding: () => Array.from(marks.keys()).filter(isOutstanding),
    outstandingCount: () => outstandingCount,
    balance() {
      const counts = {
        notSent: 0,
        rejected: 0,
        unconfirmed: 0,
        processed: 0,
        deadLettered: 0,
        left: 0,
        lost: 0,
      };
      for (const marksOfOne of marks) {
        counts[fateOf(marksOfOne)]++;
      }
      const sent = counts.processed + counts.deadLettered + counts.left + counts.lost;
      return { events, sent, duplicates, ...counts };
    },
  };
}
