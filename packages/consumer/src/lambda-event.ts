import {
  type MessageAttribute,
  type MessageAttributes,
  type MessageAttributeType,
  QueueError,
  type ReceivedMessage,
} from '@sqskit/core';
import { show } from '@sqskit/core/options';
import { sqsEndpoint } from '@sqskit/core/queue-url';
import { decodeBase64 } from '@sqskit/core/wire';

/**
 * What Lambda calls a function with on behalf of a queue.
 *
 * Source: https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html
 */
export interface SqsEvent {
  readonly Records: readonly SqsRecord[];
}

export interface SqsRecord {
  readonly messageId: string;
  readonly receiptHandle: string;
  readonly body: string;
  readonly attributes: SqsRecordAttributes;
  readonly messageAttributes: Readonly<Record<string, SqsMessageAttribute>>;
  readonly eventSourceARN: string;
}

/** System attributes; those that are read. Named, so that other declarations of an event, interfaces, are one of these. */
export interface SqsRecordAttributes {
  readonly ApproximateReceiveCount?: string | undefined;
  readonly SentTimestamp?: string | undefined;
  readonly MessageGroupId?: string | undefined;
  readonly MessageDeduplicationId?: string | undefined;
  readonly SequenceNumber?: string | undefined;
  readonly AWSTraceHeader?: string | undefined;
}

export interface SqsMessageAttribute {
  readonly dataType: string;
  readonly stringValue?: string | undefined;
  /** Base64. */
  readonly binaryValue?: string | undefined;
}

/** What Lambda reads where the event source mapping has `ReportBatchItemFailures`: the messages that come again. */
export interface SqsBatchResponse {
  readonly batchItemFailures: { readonly itemIdentifier: string }[];
}

/** Of what Lambda gives a function beside the event. */
export interface LambdaContext {
  getRemainingTimeInMillis(): number;
}

/** A record as a received message. */
export interface ReadRecord {
  readonly message: ReceivedMessage;
  readonly queueUrl: string;
  /** Why it cannot be read, where its message can be told to have failed. */
  readonly problem: QueueError | undefined;
}

/** The records of an event. Throws `message-invalid` for what cannot be told to have failed: then all of it comes again. */
export function readEvent(event: unknown): readonly ReadRecord[] {
  const records = isObject(event) ? event['Records'] : undefined;
  if (!Array.isArray(records)) {
    throw invalid('Records', records, 'the records of an SQS event');
  }
  return records.map(readRecord);
}

function readRecord(record: unknown): ReadRecord {
  const fields = isObject(record) ? record : {};
  const { messageId, receiptHandle, body, eventSourceARN } = fields;
  if (typeof messageId !== 'string' || messageId === '') {
    throw invalid('messageId', messageId, 'a message id');
  }
  const queueUrl = queueUrlOf(eventSourceARN);
  const system = isObject(fields['attributes']) ? fields['attributes'] : {};
  const { attributes, problem } = readAttributes(fields['messageAttributes'] ?? {});
  const message: ReceivedMessage = {
    messageId,
    receiptHandle: textOf(receiptHandle) ?? '',
    body: textOf(body) ?? '',
    attributes,
    receiveCount: numberOf(system['ApproximateReceiveCount']) ?? 1,
    sentAtMs: numberOf(system['SentTimestamp']),
    groupId: textOf(system['MessageGroupId']),
    deduplicationId: textOf(system['MessageDeduplicationId']),
    sequenceNumber: textOf(system['SequenceNumber']),
    traceHeader: textOf(system['AWSTraceHeader']),
  };
  return { message, queueUrl, problem: typeof body === 'string' ? problem : invalid('body', body, 'text') };
}

function queueUrlOf(arn: unknown): string {
  const groups = typeof arn === 'string' ? /^arn:[\w-]+:sqs:([\w-]+):(\d+):([\w.-]+)$/.exec(arn) : null;
  const [, region, account, name] = groups ?? [];
  if (region === undefined) {
    throw invalid('eventSourceARN', arn, 'the ARN of a queue');
  }
  return `${sqsEndpoint(region)}/${account}/${name}`;
}

function readAttributes(
  given: unknown,
): Pick<ReadRecord, 'problem'> & { readonly attributes: MessageAttributes } {
  const attributes: Record<string, MessageAttribute> = {};
  let problem: QueueError | undefined;
  for (const [name, attribute] of Object.entries(isObject(given) ? given : {})) {
    const read = readAttribute(attribute);
    if (read === undefined) {
      problem ??= invalid(`messageAttributes.${name}`, typeof attribute, 'a message attribute');
    } else {
      Object.defineProperty(attributes, name, { value: read, enumerable: true });
    }
  }
  return { attributes, problem };
}

function readAttribute(given: unknown): MessageAttribute | undefined {
  const { dataType, stringValue, binaryValue } = isObject(given) ? given : {};
  if (!isType(dataType)) {
    return undefined;
  }
  const value = /^Binary/.test(dataType) ? decodeBase64(textOf(binaryValue) ?? '~') : textOf(stringValue);
  return value === undefined ? undefined : { type: dataType, value };
}

function isType(value: unknown): value is MessageAttributeType {
  return typeof value === 'string' && /^(?:String|Number|Binary)(?:\.|$)/.test(value);
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

function numberOf(value: unknown): number | undefined {
  const number = Number(textOf(value) ?? Number.NaN);
  return Number.isFinite(number) ? number : undefined;
}

function invalid(field: string, received: unknown, expected: string): QueueError<'message-invalid'> {
  const shown = show(received);
  const message = `createLambdaHandler: expected \`${field}\` to be ${expected}, received ${shown}`;
  return new QueueError('message-invalid', message, { field, received: shown, expected });
}
