import type { TransferListItem } from 'node:worker_threads';
import type { IncomingMessage, MessageAttribute } from '@sqskit/core';

/**
 * The message with bytes of its own, to be transferred. A body is often a part of a larger buffer (of a pack, say), and
 * cloning a part clones the whole; nor can it be transferred itself: the failure policy may yet look at it.
 */
export function withOwnBytes<T>(
  message: IncomingMessage<T>,
  transferList: TransferListItem[],
): IncomingMessage<unknown> {
  const own = (bytes: Uint8Array): Uint8Array => {
    const copy = new Uint8Array(bytes);
    transferList.push(copy.buffer);
    return copy;
  };
  const ownAttribute = (attribute: MessageAttribute): MessageAttribute =>
    typeof attribute.value === 'string' ? attribute : { ...attribute, value: own(attribute.value) };
  const { body } = message;
  const attributes = Object.entries(message.attributes);
  return {
    ...message,
    body: body instanceof Uint8Array ? own(body) : body,
    attributes: Object.fromEntries(attributes.map(([name, attribute]) => [name, ownAttribute(attribute)])),
  };
}
