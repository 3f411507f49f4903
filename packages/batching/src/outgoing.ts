import type {
  Content,
  MessageAttributes,
  OutgoingMessage,
  QueueError,
  Sealed,
  SendEntry,
  SendReceipt,
} from '@sqskit/core';
import type { AccumulatorEntry, Ticket } from '@sqskit/core/accumulator';
import type { Linked } from '@sqskit/core/linked-list';
import type { Epoch } from './epochs.ts';

/** The entry that SQS is sent. The envelope decides body and attributes, so they come late. */
type Wire = SendEntry & { body: string; attributes: MessageAttributes | undefined };

/** What one `send` is about, from the call until it is settled. */
export class Outgoing<T> implements AccumulatorEntry, Linked<Outgoing<T>> {
  /**
   * `waiting` for room in the buffer; `held` in the buffer, until it is sealed and its turn has come; then `handed` to
   * the accumulator.
   */
  stage: 'new' | 'waiting' | 'held' | 'handed' | 'settled' = 'new';
  previous: Outgoing<T> | undefined;
  next: Outgoing<T> | undefined;

  readonly message: OutgoingMessage<T>;
  readonly id: string;
  readonly lane: string | undefined;
  readonly startedAt: number;
  readonly deadlineAt: number;
  readonly signal: AbortSignal | undefined;
  readonly wire: Wire;
  /** Until it is sealed. */
  content: Content | undefined;
  /** An estimate until it is sealed, then exact. */
  bytes = 0;
  sealed: Sealed | undefined;

  readonly receipt: Promise<SendReceipt>;
  readonly resolve: (receipt: SendReceipt) => void;
  readonly reject: (error: QueueError) => void;
  ticket: Ticket | undefined;
  epoch: Epoch | undefined;
  /** Whether it took part in a call. */
  hasLeft = false;

  constructor(
    message: OutgoingMessage<T>,
    id: string,
    content: Content,
    wire: Wire,
    lane: string | undefined,
    startedAt: number,
    deadlineAt: number,
    signal: AbortSignal | undefined,
  ) {
    this.message = message;
    this.id = id;
    this.content = content;
    this.wire = wire;
    this.lane = lane;
    this.startedAt = startedAt;
    this.deadlineAt = deadlineAt;
    this.signal = signal;
    this.receipt = new Promise(keepSettlers);
    this.resolve = keptResolve;
    this.reject = keptReject;
  }
}

// One function for every promise, where `new Promise((resolve, reject) => …)` makes a closure for each. A promise's
// executor runs before its constructor returns, so nothing comes between.
let keptResolve: (receipt: SendReceipt) => void;
let keptReject: (error: QueueError) => void;

function keepSettlers(resolve: (receipt: SendReceipt) => void, reject: (error: QueueError) => void): void {
  keptResolve = resolve;
  keptReject = reject;
}
