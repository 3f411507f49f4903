import type { MessageAttributes, ReceivedMessage, SendEntry } from '@sqskit/core';

export type FakeMessageState = 'visible' | 'in-flight' | 'delayed';

/** A message that the queue holds. */
export interface FakeMessage {
  readonly messageId: string;
  readonly body: string;
  readonly attributes: MessageAttributes;
  readonly groupId: string | undefined;
  readonly deduplicationId: string | undefined;
  readonly sequenceNumber: string | undefined;
  readonly traceHeader: string | undefined;
  readonly state: FakeMessageState;
  readonly receiveCount: number;
  /** Epoch milliseconds. */
  readonly sentAtMs: number;
}

/** One line of a queue's books: a message that was accepted, deleted or moved to the dead-letter queue. */
export interface MessageRecord {
  readonly messageId: string;
  readonly body: string;
  readonly attributes: MessageAttributes;
  readonly groupId: string | undefined;
  readonly deduplicationId: string | undefined;
  readonly sequenceNumber: string | undefined;
  /** When it happened, on the clock's monotonic scale. */
  readonly atMs: number;
}

/** What does not change about a message. */
export interface MessageContent {
  readonly messageId: string;
  readonly body: string;
  readonly attributes: MessageAttributes;
  readonly groupId: string | undefined;
  readonly deduplicationId: string | undefined;
  readonly traceHeader: string | undefined;
  readonly sentAtMs: number;
}

/** A message and where it stands. */
export interface StoredMessage {
  /** Position in the order of acceptance by this queue; also names the message in its receipt handles. */
  readonly number: number;
  readonly content: MessageContent;
  readonly sequenceNumber: string | undefined;
  /** `gone`: deleted, or moved to the dead-letter queue. */
  state: FakeMessageState | 'gone';
  /** Goes up with every change of state, so that what waits for an earlier one knows that it is out of date. */
  version: number;
  receiveCount: number;
  /** The receive that the current receipt handle belongs to; 0 before the first. */
  receipt: number;
  /** Monotonic milliseconds of that receive. */
  receivedAt: number;
  /** Epoch milliseconds of the first receive. */
  firstReceivedAtMs: number | undefined;
  isDeletionRecorded: boolean;
}

const noAttributes: MessageAttributes = {};

/** The content of a sent entry. Bytes are copied: what was sent does not change with the sender's memory. */
export function contentOf(entry: SendEntry, messageId: string, sentAtMs: number): MessageContent {
  const { body, attributes, groupId, deduplicationId, traceHeader } = entry;
  return {
    messageId,
    body,
    attributes: attributes === undefined ? noAttributes : copyAttributes(attributes),
    groupId,
    deduplicationId,
    traceHeader,
    sentAtMs,
  };
}

function copyAttributes(attributes: MessageAttributes): MessageAttributes {
  return Object.fromEntries(
    Object.entries(attributes).map(([name, { type, value }]) => [
      name,
      { type, value: typeof value === 'string' ? value : value.slice() },
    ]),
  );
}

/** The line in the books about a message, at a time. */
export function recordOf({ content, sequenceNumber }: StoredMessage, atMs: number): MessageRecord {
  const { messageId, body, attributes, groupId, deduplicationId } = content;
  return { messageId, body, attributes, groupId, deduplicationId, sequenceNumber, atMs };
}

/** A message as a receive hands it out, under the handle of this receive. */
export function delivered(message: StoredMessage, receiptHandle: string): ReceivedMessage {
  const { content, receiveCount, sequenceNumber } = message;
  const { body, attributes, messageId, sentAtMs, groupId, deduplicationId, traceHeader } = content;
  return {
    messageId,
    receiptHandle,
    body,
    attributes: copyAttributes(attributes),
    receiveCount,
    sentAtMs,
    groupId,
    deduplicationId,
    sequenceNumber,
    traceHeader,
  };
}
