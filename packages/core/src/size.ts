import { utf8Length } from './bytes.ts';
import type { Content, MessageAttributes } from './message.ts';
import type { Payload } from './queue.ts';

/** Bytes of a content: of its UTF-8 form where it is text. */
export function contentBytes(content: Content): number {
  return typeof content === 'string' ? utf8Length(content) : content.byteLength;
}

/**
 * What attributes add to a message's size: name, type and value of each.
 *
 * Source: https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-message-metadata.html
 */
export function attributesBytes(attributes: MessageAttributes | undefined): number {
  if (attributes === undefined) {
    return 0;
  }
  let bytes = 0;
  for (const [name, { type, value }] of Object.entries(attributes)) {
    bytes += utf8Length(name) + utf8Length(type) + contentBytes(value);
  }
  return bytes;
}

/** The size of a message as SQS counts it: its body in UTF-8 and its attributes. */
export function payloadBytes(payload: Payload): number {
  return utf8Length(payload.body) + attributesBytes(payload.attributes);
}
