/** What a codec produces and an envelope carries: text, or bytes for binary codecs. */
export type Content = string | Uint8Array;

/** `String`, `Number` and `Binary` are SQS's own types; a suffix after a dot is the application's (`Number.float`). */
export type MessageAttributeType =
  | 'String'
  | 'Number'
  | 'Binary'
  | `String.${string}`
  | `Number.${string}`
  | `Binary.${string}`;

/**
 * One message attribute. `value` is a `Uint8Array` exactly when `type` is `Binary` or `Binary.*`; numbers travel as
 * text, because SQS keeps 38 digits and a JavaScript number does not.
 *
 * Source: https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-message-metadata.html
 */
export interface MessageAttribute {
  readonly type: MessageAttributeType;
  readonly value: Content;
}

/** Attributes by name, at most 10 on one SQS message. They count towards the message's size. */
export type MessageAttributes = Readonly<Record<string, MessageAttribute>>;

/** A message to send. */
export interface OutgoingMessage<T> {
  readonly body: T;
  /** Stable across retries and regions. Default: a prefix of the sender plus a counter. */
  readonly id?: string | undefined;
  readonly attributes?: MessageAttributes | undefined;
  /** Message group: required on a FIFO queue; on a standard queue it turns on fair queues for this message. */
  readonly groupId?: string | undefined;
  /** FIFO queues only. Default: see the sender's `deduplication` option. */
  readonly deduplicationId?: string | undefined;
  /** Delay before the message can be received, 0 to 900,000 ms. Not allowed on FIFO queues. */
  readonly delayMs?: number | undefined;
  /** X-Ray trace header, sent as the system attribute `AWSTraceHeader`, which counts neither in size nor in the 10 attributes. */
  readonly traceHeader?: string | undefined;
}

/** A message as a handler sees it. */
export interface IncomingMessage<T> {
  /** The sender's id where the envelope carried one, otherwise SQS's message id. */
  readonly id: string;
  readonly body: T;
  readonly attributes: MessageAttributes;
  /** How often this message was received, this time included. Approximate, as SQS's own count is. */
  readonly receiveCount: number;
  /** When SQS accepted the message, in epoch milliseconds; `undefined` where the queue does not say. */
  readonly sentAtMs: number | undefined;
  readonly messageId: string;
  readonly queueUrl: string;
  readonly groupId: string | undefined;
  readonly deduplicationId: string | undefined;
  readonly sequenceNumber: string | undefined;
  readonly traceHeader: string | undefined;
}
