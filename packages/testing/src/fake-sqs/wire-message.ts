import type {
  MessageAttribute,
  MessageAttributes,
  MessageAttributeType,
  ReceivedMessage,
  SendEntry,
} from '@sqskit/core';
import { md5OfAttributes, md5OfBody } from './message-md5.ts';
import type { WireInput } from './wire-input.ts';

/** A message to send, from the fields of `SendMessage` or of an entry of `SendMessageBatch`. */
export function sendEntryOf(input: WireInput): SendEntry {
  const delaySeconds = input.optionalNumber('DelaySeconds');
  return {
    body: input.optionalText('MessageBody') ?? '',
    attributes: attributesOf(input, 'MessageAttributes'),
    groupId: input.optionalText('MessageGroupId'),
    deduplicationId: input.optionalText('MessageDeduplicationId'),
    delayMs: delaySeconds === undefined ? undefined : delaySeconds * 1_000,
    traceHeader: traceHeaderOf(input),
  };
}

function attributesOf(input: WireInput, field: string): MessageAttributes | undefined {
  const given = input.map(field);
  if (given === undefined) {
    return undefined;
  }
  const attributes: Record<string, MessageAttribute> = {};
  for (const [name, attribute] of given) {
    const binary = attribute.optionalText('BinaryValue');
    attributes[name] = {
      // The queue refuses a type that is none.
      type: attribute.text('DataType') as MessageAttributeType,
      value:
        binary === undefined ? (attribute.optionalText('StringValue') ?? '') : Buffer.from(binary, 'base64'),
    };
  }
  return attributes;
}

function traceHeaderOf(input: WireInput): string | undefined {
  const value = attributesOf(input, 'MessageSystemAttributes')?.['AWSTraceHeader']?.value;
  return typeof value === 'string' ? value : undefined;
}

/** What a send is answered with, besides ids and numbers. */
export function digestsOf({ body, attributes, traceHeader }: SendEntry): object {
  return {
    MD5OfMessageBody: md5OfBody(body),
    ...(attributes !== undefined &&
      Object.keys(attributes).length > 0 && { MD5OfMessageAttributes: md5OfAttributes(attributes) }),
    ...(traceHeader !== undefined && {
      MD5OfMessageSystemAttributes: md5OfAttributes({
        AWSTraceHeader: { type: 'String', value: traceHeader },
      }),
    }),
  };
}

/** Which attributes a receive asks for. */
export interface WantedAttributes {
  readonly message: (name: string) => boolean;
  readonly system: (name: string) => boolean;
}

/** Names, `All`, and of message attributes `.*` and the beginnings of names, such as `trace.*`. (API_ReceiveMessage) */
export function wantedAttributesOf(input: WireInput): WantedAttributes {
  const system = [...input.texts('MessageSystemAttributeNames'), ...input.texts('AttributeNames')];
  const message = input.texts('MessageAttributeNames');
  const all = message.includes('All') || message.includes('.*');
  const prefixes = message.filter((name) => name.endsWith('.*')).map((name) => name.slice(0, -2));
  return {
    message: (name) => all || message.includes(name) || prefixes.some((prefix) => name.startsWith(prefix)),
    system: system.includes('All') ? () => true : (name) => system.includes(name),
  };
}

/** One of `Messages` of `ReceiveMessage`. */
export function wireMessage(
  received: ReceivedMessage,
  wanted: WantedAttributes,
  firstReceivedAtMs: number | undefined,
): object {
  const attributes = Object.fromEntries(
    Object.entries(received.attributes).filter(([name]) => wanted.message(name)),
  );
  const system = systemAttributes(received, wanted, firstReceivedAtMs);
  return {
    MessageId: received.messageId,
    ReceiptHandle: received.receiptHandle,
    MD5OfBody: md5OfBody(received.body),
    Body: received.body,
    ...(Object.keys(system).length > 0 && { Attributes: system }),
    ...(Object.keys(attributes).length > 0 && {
      MD5OfMessageAttributes: md5OfAttributes(attributes),
      MessageAttributes: wireAttributes(attributes),
    }),
  };
}

function systemAttributes(
  received: ReceivedMessage,
  { system }: WantedAttributes,
  firstReceivedAtMs: number | undefined,
): Record<string, string> {
  const attributes: Record<string, string> = {};
  const add = (name: string, value: string | number | undefined): void => {
    if (value !== undefined && system(name)) {
      attributes[name] = String(value);
    }
  };
  add('SenderId', 'AIDAFAKESQS000000000');
  add('SentTimestamp', received.sentAtMs);
  add('ApproximateReceiveCount', received.receiveCount);
  add('ApproximateFirstReceiveTimestamp', firstReceivedAtMs);
  add('MessageGroupId', received.groupId);
  add('MessageDeduplicationId', received.deduplicationId);
  add('SequenceNumber', received.sequenceNumber);
  add('AWSTraceHeader', received.traceHeader);
  return attributes;
}

function wireAttributes(attributes: MessageAttributes): object {
  return Object.fromEntries(
    Object.entries(attributes).map(([name, { type, value }]) => [
      name,
      typeof value === 'string'
        ? { DataType: type, StringValue: value }
        : { DataType: type, BinaryValue: Buffer.from(value).toString('base64') },
    ]),
  );
}
