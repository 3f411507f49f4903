import {
  isQueueError,
  type MessageAttributes,
  type Payload,
  QueueError,
  type Sealed,
  type SendEntry,
} from '@sqskit/core';
import { checkId } from './message-rules.ts';
import type { Outgoing } from './outgoing.ts';

// What sealing one message and sealing many have in common.

export function isPromise(sealed: Sealed | Promise<Sealed>): sealed is Promise<Sealed> {
  return 'then' in sealed;
}

/** Whatever went wrong, nothing has left the process. */
export function sealError(reason: unknown): QueueError {
  return isQueueError(reason)
    ? reason
    : new QueueError('encode-failed', 'the envelope could not seal the message', {}, { cause: reason });
}

/** The SQS message of one message. */
export function entryOf<T>(outgoing: Outgoing<T>, { body, attributes }: Payload): SendEntry {
  const { groupId, delayMs } = outgoing.message;
  const { traceHeader } = outgoing;
  const deduplicationId = deduplicationIdOf(outgoing, attributes);
  return { body, attributes, groupId, deduplicationId, delayMs, traceHeader };
}

/**
 * Content-based deduplication hashes the body alone. Where the envelope has put the content into an attribute, bodies are
 * all alike, and SQS would drop every message but the first: its id takes the content's place.
 */
function deduplicationIdOf<T>(
  outgoing: Outgoing<T>,
  attributes: MessageAttributes | undefined,
): string | undefined {
  const { lane, deduplicationId } = outgoing;
  if (
    lane === undefined ||
    deduplicationId !== undefined ||
    countOf(attributes) <= countOf(outgoing.attributes)
  ) {
    return deduplicationId;
  }
  const { id } = outgoing;
  checkId('id', id);
  return id;
}

function countOf(attributes: MessageAttributes | undefined): number {
  return attributes === undefined ? 0 : Object.keys(attributes).length;
}
