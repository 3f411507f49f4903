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
import type { Pack } from './pack.ts';

/**
 * What one `send` is about, from the call until it is settled. Where messages are not packed it is its own parcel: what
 * the accumulator carries.
 */
export class Outgoing<T> implements AccumulatorEntry, Linked<Outgoing<T>> {
  /**
   * `waiting` for room in the buffer; `held` in the buffer, until it is sealed and its turn has come; `sealing` where
   * that takes its time; then `handed` to the accumulator, by itself or in a pack.
   */
  stage: 'new' | 'waiting' | 'held' | 'sealing' | 'handed' | 'settled' = 'new';
  previous: Outgoing<T> | undefined;
  next: Outgoing<T> | undefined;

  readonly message: OutgoingMessage<T>;
  readonly #idPrefix: string;
  readonly #id: string | number;
  /** The message's own, and what tracing added. */
  readonly attributes: MessageAttributes | undefined;
  readonly traceHeader: string | undefined;
  readonly deduplicationId: string | undefined;
  readonly lane: string | undefined;
  readonly startedAt: number;
  readonly deadlineMs: number;
  readonly signal: AbortSignal | undefined;
  /** Until it is settled, or sealed for good. */
  content: Content | undefined;
  /** In the buffer. Of a message that is its own parcel, an estimate until it is sealed, then exact. */
  bytes = 0;

  wire: SendEntry = notSealed;
  /** What sealing left elsewhere. Set once it is sealed. */
  sealed: Leftover | undefined;
  ticket: Ticket | undefined;
  /** Whether it took part in a call. */
  hasLeft = false;
  pack: Pack<T> | undefined;
  /** Calls it took part in with packs that were dissolved. */
  earlierAttempts = 0;

  readonly receipt: Promise<SendReceipt>;
  readonly resolve: (receipt: SendReceipt) => void;
  readonly reject: (error: QueueError) => void;
  epoch: Epoch | undefined;

  constructor(
    message: OutgoingMessage<T>,
    idPrefix: string,
    id: string | number,
    content: Content,
    attributes: MessageAttributes | undefined,
    traceHeader: string | undefined,
    deduplicationId: string | undefined,
    lane: string | undefined,
    startedAt: number,
    deadlineMs: number,
    signal: AbortSignal | undefined,
  ) {
    this.message = message;
    this.#idPrefix = idPrefix;
    this.#id = id;
    this.content = content;
    this.attributes = attributes;
    this.traceHeader = traceHeader;
    this.deduplicationId = deduplicationId;
    this.lane = lane;
    this.startedAt = startedAt;
    this.deadlineMs = deadlineMs;
    this.signal = signal;
    this.receipt = new Promise(keepSettlers);
    this.resolve = keptResolve;
    this.reject = keptReject;
  }

  /** Made anew each time: kept, it would be three more objects for the collector to copy while the message is under way. */
  get id(): string {
    return idText(this.#idPrefix, this.#id);
  }

  /** A sum of what is here already: a field of its own would be one more allocation a message. */
  get deadlineAt(): number {
    return this.startedAt + this.deadlineMs;
  }

  /** Groups take turns: for room in the buffer, and on a standard queue in batches. */
  get flow(): string | undefined {
    return this.message.groupId;
  }
}

/** An id that the caller gave, or the one with this number. */
export function idText(prefix: string, id: string | number): string {
  return typeof id === 'string' ? id : `${prefix}${id}`;
}

/** What is kept of a sealed message beside what is sent: the payload would be kept twice. */
export type Leftover = Pick<Sealed, 'discard'>;

const notSealed: SendEntry = { body: '' };

// One function for every promise, where `new Promise((resolve, reject) => …)` makes a closure for each. A promise's
// executor runs before its constructor returns, so nothing comes between.
let keptResolve: (receipt: SendReceipt) => void;
let keptReject: (error: QueueError) => void;

function keepSettlers(resolve: (receipt: SendReceipt) => void, reject: (error: QueueError) => void): void {
  keptResolve = resolve;
  keptReject = reject;
}
