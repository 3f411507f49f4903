import assert from 'node:assert/strict';
import {
  type BrokenItem,
  type Content,
  type Envelope,
  type Item,
  isQueueError,
  type MessageAttributes,
  type OpenedItem,
  type Payload,
  payloadBytes,
} from '@sqskit/core';
import { refusalOf } from '../fake-queue/send-rules.ts';
import { noise } from '../noise.ts';

/** Text that hardly compresses; every other one has more bytes than characters. */
export function textOfBytes(bytes: number, index: number): string {
  const ascii = noise(bytes, index);
  return index % 2 === 0 ? ascii : ascii.slice(0, Math.ceil(bytes / 4)).replaceAll(/./g, '$&漢');
}

export function itemOf(content: Content): Item {
  return { id: 'test-1', content, attempt: 0 };
}

export function assertOpened(item: OpenedItem | BrokenItem | undefined): OpenedItem {
  assert.ok(item !== undefined, 'an item comes out');
  assert.ok(!('error' in item), `the item is not broken${'error' in item ? `: ${item.error.message}` : ''}`);
  return item;
}

/** That SQS would take the payload on a queue with this limit. */
export function assertAcceptable(payload: Payload, limit: number): void {
  const bytes = payloadBytes(payload);
  assert.ok(bytes <= limit, `a sealed message of ${bytes} bytes is within ${limit}`);
  const rules = { fifo: false, contentBasedDeduplication: false, maxMessageBytes: limit };
  assert.equal(refusalOf(payload, rules)?.message, undefined, 'SQS takes the sealed message');
}

/** By bytes: an envelope may carry text as bytes, which a codec decodes just as well. */
export function assertSameContent(opened: Content, expected: Content): void {
  assert.ok(isContent(opened), 'the content is text or bytes');
  assert.ok(bytesOf(opened).equals(bytesOf(expected)), 'the content is the same');
}

export function assertSameAttributes(opened: MessageAttributes, expected: MessageAttributes): void {
  assert.deepEqual(comparable(opened), comparable(expected), 'the attributes are the same');
}

function comparable(given: MessageAttributes): Record<string, string> {
  return Object.fromEntries(
    Object.entries(given).map(([name, { type, value }]) => [
      name,
      `${type} ${typeof value} ${bytesOf(value).toString('hex')}`,
    ]),
  );
}

export function isContent(value: unknown): value is Content {
  return typeof value === 'string' || value instanceof Uint8Array;
}

function bytesOf(content: Content): Buffer {
  return Buffer.from(typeof content === 'string' ? Buffer.from(content, 'utf8') : content);
}

export async function sealedWithin(envelope: Envelope, item: Item, limit: number): Promise<void> {
  try {
    const { payload } = await envelope.seal([item], limit);
    assertAcceptable(payload, limit);
  } catch (reason) {
    if (!isQueueError(reason, 'message-too-large')) {
      throw reason;
    }
  }
}

export async function failureOf(envelope: Envelope, item: Item, limit: number): Promise<unknown> {
  try {
    await envelope.seal([item], limit);
    return undefined;
  } catch (reason) {
    return reason;
  }
}
