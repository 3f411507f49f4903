import { hash } from 'node:crypto';
import type { MessageAttributes } from '@sqskit/core';

/** SQS's digest of a body: `MD5OfMessageBody` of a send, `MD5OfBody` of a receive. */
export function md5OfBody(body: string): string {
  return hash('md5', body, 'hex');
}

const textTag = Buffer.from([1]);
const bytesTag = Buffer.from([2]);

/**
 * SQS's digest of message attributes: in order of their names, each with its name, type and value, whose lengths stand
 * before them. (SQS developer guide, "Calculating the MD5 message digest for message attributes")
 */
export function md5OfAttributes(attributes: MessageAttributes): string {
  const parts: Uint8Array[] = [];
  const add = (value: string | Uint8Array): void => {
    const bytes = typeof value === 'string' ? Buffer.from(value) : value;
    const length = Buffer.alloc(4);
    length.writeUInt32BE(bytes.length);
    parts.push(length, bytes);
  };
  const named = Object.entries(attributes).sort(([one], [other]) => (one < other ? -1 : 1));
  for (const [name, { type, value }] of named) {
    add(name);
    add(type);
    parts.push(typeof value === 'string' ? textTag : bytesTag);
    add(value);
  }
  return hash('md5', Buffer.concat(parts), 'hex');
}
