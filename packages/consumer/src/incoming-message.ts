import type { BrokenItem, OpenedItem } from '@sqskit/core';
import type { Delivery } from './delivery.ts';
import type { FailedMessage } from './failure-policy.ts';
import type { Pack } from './pack.ts';
import type { ErrorContext } from './report.ts';

/** A message of a pack as the application is given it. */
export function incomingMessage<B>(
  { message, origin }: Delivery,
  pack: Pack,
  position: number,
  item: OpenedItem | BrokenItem,
  body: B,
): FailedMessage<B> & { readonly body: B } {
  const { messageId } = message;
  const isOpened = 'content' in item;
  return {
    id: item.id ?? (pack.size === 1 ? messageId : `${messageId}#${position}`),
    body,
    attributes: isOpened ? item.attributes : message.attributes,
    receiveCount: message.receiveCount + (isOpened ? item.attempt : 0),
    sentAtMs: message.sentAtMs,
    messageId,
    queueUrl: origin.queueUrl,
    groupId: message.groupId,
    deduplicationId: message.deduplicationId,
    sequenceNumber: message.sequenceNumber,
    traceHeader: (isOpened ? item.traceHeader : undefined) ?? message.traceHeader,
  };
}

/** What `onError` is told of a message beside the error. */
export function about(
  { id, messageId, queueUrl }: FailedMessage<unknown>,
  during: 'decode' | 'handle' | 'decide',
): ErrorContext {
  return id === messageId ? { during, queueUrl, messageId } : { during, queueUrl, messageId, id };
}
