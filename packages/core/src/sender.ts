import type { OutgoingMessage } from './message.ts';
import type { QueueError } from './queue-error.ts';

export interface SendOptions {
  /** Ends the wait. Before the message left it is `rejected`, afterwards `unknown`; the reason is the error's `cause`. */
  readonly signal?: AbortSignal | undefined;
  /** Milliseconds from now, retries included. Default: the sender's own. */
  readonly deadlineMs?: number | undefined;
}

/** SQS has accepted the message. */
export interface SendReceipt {
  readonly id: string;
  readonly messageId: string;
  /** FIFO queues only. */
  readonly sequenceNumber: string | undefined;
  /** Where it went: with routing, not always the nearest queue. */
  readonly queueUrl: string;
  /** Calls it took part in, from 1. */
  readonly attempts: number;
}

export interface CloseOptions {
  /** How long to go on delivering what is buffered. Default: the sender's own deadline for messages. */
  readonly timeoutMs?: number | undefined;
}

export interface Undelivered<T> {
  readonly message: OutgoingMessage<T>;
  readonly id: string;
  /** `error.outcome` tells whether the message may have been accepted all the same. */
  readonly error: QueueError;
}

export interface CloseReport<T> {
  /** Messages accepted in the sender's lifetime. */
  readonly sent: number;
  /** Messages that had not been delivered when `close` was called, and were not delivered in its time. */
  readonly undelivered: readonly Undelivered<T>[];
}

/**
 * Takes messages and promises each one's outcome. Every promise settles: with a receipt, or with a `QueueError` whose
 * `outcome` says whether the message may have been accepted.
 */
export interface Sender<T> {
  /** Resolves when the queue has accepted the message. Waits while the buffer is full; rejects once too many wait. */
  send(message: OutgoingMessage<T>, options?: SendOptions): Promise<SendReceipt>;
  /** As `send`, but returns `undefined` at once where `send` would wait. */
  trySend(message: OutgoingMessage<T>, options?: SendOptions): Promise<SendReceipt> | undefined;
  /** Sends what is buffered without lingering; resolves when everything accepted so far is settled. Never rejects. */
  flush(): Promise<void>;
  /** Refuses new messages, delivers the buffered ones and reports. Idempotent. */
  close(options?: CloseOptions): Promise<CloseReport<T>>;
  /** `close` with its defaults, for `await using`. */
  [Symbol.asyncDispose](): Promise<void>;
}
