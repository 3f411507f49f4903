import {
  type MessageAttribute,
  type MessageAttributes,
  type MessageAttributeType,
  type QueueDepth,
  type QueueDescription,
  type ReceivedMessage,
  type ReceiveRequest,
  type SendEntry,
  sqsLimits,
} from '@sqskit/core';
import { responseInvalid } from './call-failure.ts';
import type { BinaryForm } from './transport.ts';

/** An attribute as SQS's JSON protocol has it. */
interface WireAttribute {
  readonly DataType?: string | undefined;
  readonly StringValue?: string | undefined;
  readonly BinaryValue?: string | Uint8Array | undefined;
}

/** A message of `ReceiveMessage`. */
export interface WireMessage {
  readonly MessageId?: string | undefined;
  readonly ReceiptHandle?: string | undefined;
  readonly Body?: string | undefined;
  readonly MD5OfBody?: string | undefined;
  readonly Attributes?: Readonly<Record<string, string | undefined>> | undefined;
  readonly MessageAttributes?: Readonly<Record<string, WireAttribute>> | undefined;
}

/** What `GetQueueAttributes` says. */
export type WireQueueAttributes = Readonly<Record<string, string | undefined>>;

/** SQS counts in whole seconds. Rounded up, so that only 0 becomes 0. */
export function seconds(ms: number): number {
  return Math.ceil(ms / 1000);
}

/** The required field that an entry of `SendMessageBatch` lacks. SQS takes an empty text for none. */
export function missingField({ body, groupId }: SendEntry, fifo: boolean): string | undefined {
  if (body === '') {
    return 'body';
  }
  return fifo && (groupId === undefined || groupId === '') ? 'groupId' : undefined;
}

/** One entry of `SendMessageBatch`. */
export function sendEntry(entry: SendEntry, id: string, binary: BinaryForm): object {
  const { body, attributes, groupId, deduplicationId, delayMs, traceHeader } = entry;
  return {
    Id: id,
    MessageBody: body,
    ...(attributes !== undefined && { MessageAttributes: toWire(attributes, binary) }),
    ...(groupId !== undefined && { MessageGroupId: groupId }),
    ...(deduplicationId !== undefined && { MessageDeduplicationId: deduplicationId }),
    ...(delayMs !== undefined && { DelaySeconds: seconds(delayMs) }),
    ...(traceHeader !== undefined && {
      MessageSystemAttributes: { AWSTraceHeader: { DataType: 'String', StringValue: traceHeader } },
    }),
  };
}

// Not by assignment: `__proto__` is a name that SQS allows.
function toWire(attributes: MessageAttributes, binary: BinaryForm): Readonly<Record<string, WireAttribute>> {
  return Object.fromEntries(
    Object.entries(attributes).map(([name, { type, value }]) => [
      name,
      typeof value === 'string'
        ? { DataType: type, StringValue: value }
        : { DataType: type, BinaryValue: binary.toWire(value) },
    ]),
  );
}

/** The input of `ReceiveMessage`, which asks for every attribute. */
export function receiveInput(queueUrl: string, request: ReceiveRequest): object {
  const { maxMessages, waitTimeMs, visibilityTimeoutMs } = request;
  return {
    QueueUrl: queueUrl,
    MaxNumberOfMessages: maxMessages,
    WaitTimeSeconds: seconds(waitTimeMs),
    MessageAttributeNames: ['All'],
    // The older name of MessageSystemAttributeNames: every version of the SDK sends it, those before 3.578 know no other.
    AttributeNames: ['All'],
    ...(visibilityTimeoutMs !== undefined && { VisibilityTimeout: seconds(visibilityTimeoutMs) }),
  };
}

/** `undefined` for a message that could not be settled: it has no receipt handle. */
export function receivedMessage(message: WireMessage, binary: BinaryForm): ReceivedMessage | undefined {
  const { MessageId, ReceiptHandle, Body = '', Attributes = {}, MessageAttributes = {} } = message;
  if (MessageId === undefined || ReceiptHandle === undefined) {
    return undefined;
  }
  return {
    messageId: MessageId,
    receiptHandle: ReceiptHandle,
    body: Body,
    attributes: fromWire(MessageAttributes, binary),
    receiveCount: Number(Attributes['ApproximateReceiveCount'] ?? 1),
    sentAtMs: Attributes['SentTimestamp'] === undefined ? undefined : Number(Attributes['SentTimestamp']),
    groupId: Attributes['MessageGroupId'],
    deduplicationId: Attributes['MessageDeduplicationId'],
    sequenceNumber: Attributes['SequenceNumber'],
    traceHeader: Attributes['AWSTraceHeader'],
  };
}

function fromWire(
  wire: NonNullable<WireMessage['MessageAttributes']>,
  binary: BinaryForm,
): MessageAttributes {
  return Object.fromEntries(
    Object.entries(wire).map(([name, { DataType, StringValue, BinaryValue }]): [string, MessageAttribute] => [
      name,
      {
        // SQS has checked the type's form when the message was sent.
        type: DataType as MessageAttributeType,
        value: StringValue ?? (BinaryValue === undefined ? '' : binary.fromWire(BinaryValue)),
      },
    ]),
  );
}

export function queueDescription(attributes: WireQueueAttributes, fifo: boolean): QueueDescription {
  const { MaximumMessageSize, VisibilityTimeout, RedrivePolicy, ContentBasedDeduplication } = attributes;
  return {
    fifo,
    contentBasedDeduplication: ContentBasedDeduplication === 'true',
    maxMessageBytes: Number(MaximumMessageSize ?? sqsLimits.maxMessageBytes),
    visibilityTimeoutMs:
      VisibilityTimeout === undefined
        ? sqsLimits.defaultVisibilityTimeoutMs
        : Number(VisibilityTimeout) * 1000,
    redrive: RedrivePolicy === undefined || RedrivePolicy === '' ? undefined : redriveOf(RedrivePolicy),
  };
}

function redriveOf(policy: string): QueueDescription['redrive'] {
  try {
    const { deadLetterTargetArn, maxReceiveCount } = JSON.parse(policy);
    return { deadLetterQueueArn: String(deadLetterTargetArn), maxReceiveCount: Number(maxReceiveCount) };
  } catch (error) {
    throw responseInvalid('GetQueueAttributes', 'RedrivePolicy to be JSON', 'something else', error);
  }
}

export function queueDepth(attributes: WireQueueAttributes): QueueDepth {
  return {
    visible: Number(attributes['ApproximateNumberOfMessages'] ?? 0),
    inFlight: Number(attributes['ApproximateNumberOfMessagesNotVisible'] ?? 0),
    delayed: Number(attributes['ApproximateNumberOfMessagesDelayed'] ?? 0),
  };
}
