import type { MessageAttributes } from './message.ts';
import type { QueueError } from './queue-error.ts';

/** Options of every call that leaves the process. */
export interface CallOptions {
  /** Ends the call. What it was doing is then reported as `rejected` or `unknown`, never thrown by a batch verb. */
  readonly signal?: AbortSignal | undefined;
}

/** What one SQS message carries: the part of it that an envelope makes and reads. */
export interface Payload {
  readonly body: string;
  readonly attributes?: MessageAttributes | undefined;
}

/** One entry of a batch to send. */
export interface SendEntry extends Payload {
  readonly groupId?: string | undefined;
  readonly deduplicationId?: string | undefined;
  /** Milliseconds, rounded up to SQS's seconds on the wire. */
  readonly delayMs?: number | undefined;
  readonly traceHeader?: string | undefined;
}

/** An entry that failed. `error.outcome` says whether it may have taken effect all the same. */
export interface Failure {
  readonly ok: false;
  readonly error: QueueError;
}

/** An entry that SQS accepted. */
export interface Sent {
  readonly ok: true;
  readonly messageId: string;
  /** FIFO queues only: SQS's 128-bit, increasing number, as text. */
  readonly sequenceNumber?: string | undefined;
}

/** A receipt handle that SQS settled: deleted, or its visibility changed. */
export interface Settled {
  readonly ok: true;
}

export type SendOutcome = Sent | Failure;
export type SettleOutcome = Settled | Failure;

export interface ReceiveRequest {
  /** 1 to 10. */
  readonly maxMessages: number;
  /** Long-poll wait, 0 to 20,000 ms, rounded up to seconds on the wire. */
  readonly waitTimeMs: number;
  /** Visibility timeout of what is received, 0 to 43,200,000 ms. Default: the queue's own. */
  readonly visibilityTimeoutMs?: number | undefined;
}

/** A message as it came off the wire, before any envelope is opened. */
export interface ReceivedMessage extends Payload {
  readonly messageId: string;
  /** Belongs to this receive of the message: a later receive makes it stale. */
  readonly receiptHandle: string;
  readonly attributes: MessageAttributes;
  /** SQS's `ApproximateReceiveCount`, this receive included. */
  readonly receiveCount: number;
  /** Epoch milliseconds. */
  readonly sentAtMs: number | undefined;
  readonly groupId: string | undefined;
  readonly deduplicationId: string | undefined;
  readonly sequenceNumber: string | undefined;
  readonly traceHeader: string | undefined;
}

export interface VisibilityChange {
  readonly receiptHandle: string;
  /** From now, not added to what is left; 0 makes the message visible at once. Rounded up to seconds on the wire. */
  readonly visibilityTimeoutMs: number;
}

/** What `GetQueueAttributes` says of a queue's configuration. */
export interface QueueDescription {
  readonly fifo: boolean;
  readonly contentBasedDeduplication: boolean;
  /** The queue's own `MaximumMessageSize`, 1 KiB to 1 MiB. */
  readonly maxMessageBytes: number;
  readonly visibilityTimeoutMs: number;
  readonly redrive: { readonly deadLetterQueueArn: string; readonly maxReceiveCount: number } | undefined;
}

/** Approximate counts, as SQS gives them. */
export interface QueueDepth {
  readonly visible: number;
  readonly inFlight: number;
  readonly delayed: number;
}

/**
 * One SQS queue at the wire level. Implementations: `@sqskit/client` over AWS, `@sqskit/testing` in memory.
 *
 * The batch verbs are total: they resolve with one outcome per entry, by position, and a call that failed as a whole
 * is n failed outcomes. They reject only for a caller's mistake (no entries, or more than 10). `receive`, `describe`
 * and `depth` have no entries to report on, so they reject with a `QueueError`.
 */
export interface Queue {
  readonly url: string;
  /**
   * Most calls that its transport carries at a time, where it knows: more would only wait in it. Several queues may
   * share one transport.
   */
  readonly maxConnections?: number | undefined;
  /** Sends 1 to 10 entries. */
  sendBatch(entries: readonly SendEntry[], options?: CallOptions): Promise<readonly SendOutcome[]>;
  /** Resolves with 0 to `maxMessages` messages, as soon as there are any or when the wait is over. */
  receive(request: ReceiveRequest, options?: CallOptions): Promise<readonly ReceivedMessage[]>;
  /** Deletes 1 to 10 messages. A stale handle may well be answered with success, as SQS does on standard queues. */
  deleteBatch(receiptHandles: readonly string[], options?: CallOptions): Promise<readonly SettleOutcome[]>;
  /** Changes the visibility timeout of 1 to 10 messages in flight. */
  changeVisibilityBatch(
    changes: readonly VisibilityChange[],
    options?: CallOptions,
  ): Promise<readonly SettleOutcome[]>;
  describe(options?: CallOptions): Promise<QueueDescription>;
  depth(options?: CallOptions): Promise<QueueDepth>;
}
