import {
  type MessageAttributes,
  payloadBytes,
  type ReceivedMessage,
  type SendEntry,
  sqsLimits,
} from '@sqskit/core';

/** The attribute in which a dead-lettered message carries the reason, where there is room for it. */
export const deadLetterReasonAttribute = 'sqskit.dead-letter-reason';

const maxReasonLength = 1_000;

/**
 * The message as it goes to the dead-letter queue: its own body and attributes, and the reason. On a FIFO queue the
 * deduplication id is SQS's message id, so that moving a message twice within five minutes leaves one.
 */
export function deadLetterEntry(message: ReceivedMessage, reason: string, fifo: boolean): SendEntry {
  const { messageId, body, attributes, groupId, traceHeader } = message;
  const bare: SendEntry = {
    body,
    attributes,
    traceHeader,
    ...(fifo ? { groupId: groupId ?? messageId, deduplicationId: messageId } : {}),
  };
  const explained: SendEntry = { ...bare, attributes: withReason(attributes, reason) };
  return payloadBytes(explained) <= sqsLimits.maxMessageBytes ? explained : bare;
}

function withReason(attributes: MessageAttributes, reason: string): MessageAttributes {
  const isFull = Object.keys(attributes).length >= sqsLimits.maxAttributes;
  const value = sendable(reason);
  if (value === '' || (isFull && !(deadLetterReasonAttribute in attributes))) {
    return attributes;
  }
  return { ...attributes, [deadLetterReasonAttribute]: { type: 'String', value } };
}

// SQS takes no control characters but tab, line feed and carriage return, no lone surrogates, and not U+FFFE and U+FFFF.
function sendable(reason: string): string {
  return reason
    .slice(0, maxReasonLength)
    .replace(/[^\t\n\r\u0020-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/gu, '\uFFFD');
}
