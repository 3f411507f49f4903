import {
  type Envelope,
  type Failure,
  type Item,
  type Logger,
  type MessageAttributes,
  type Payload,
  payloadBytes,
  type Queue,
  type SendEntry,
  type Sent,
  sqsLimits,
  toQueueError,
} from '@sqskit/core';
import { parseQueueUrl } from '@sqskit/core/queue-url';
import { type BatchCall, type BatchCallOptions, createBatchCall } from './batch-call.ts';
import type { Delivery } from './delivery.ts';
import { discardUnlessSent } from './leftovers.ts';
import type { Pack, Unfinished } from './pack.ts';

/** The attribute in which a dead-lettered message carries the reason, where there is room for it. */
export const deadLetterReasonAttribute = 'sqskit.dead-letter-reason';

const maxReasonLength = 1_000;

export interface DeadLettersOptions extends Omit<BatchCallOptions<SendEntry, Sent>, 'call' | 'maxBytes'> {
  readonly queue: Queue;
  readonly envelope: Envelope;
  readonly onCall: () => void;
  readonly logger: Logger;
}

/** Moves messages to a dead-letter queue. */
export interface DeadLetters {
  /** Resolves with whether the queue has taken it. Never rejects. */
  send(
    delivery: Delivery,
    pack: Pack,
    unfinished: Unfinished,
    letter: { readonly reason: string; readonly deadlineAt: () => number },
  ): Promise<Sent | Failure>;
  hurry(): void;
  rush(): void;
  close(): void;
}

export function createDeadLetters(options: DeadLettersOptions): DeadLetters {
  const { queue, envelope, onCall, logger, ...shared } = options;
  const isFifo = parseQueueUrl(queue.url).fifo;
  const calls: BatchCall<SendEntry, Sent> = createBatchCall({
    ...shared,
    maxBytes: sqsLimits.maxMessageBytes,
    call: (entries, signal) => {
      onCall();
      return queue.sendBatch(entries, { signal });
    },
  });
  /** Of packs with messages that cannot be read: they are moved with the whole, once. */
  const wholes = new WeakMap<Pack, Promise<Sent | Failure>>();

  function submit(entry: SendEntry, deadlineAt: () => number): Promise<Sent | Failure> {
    const lane = isFifo ? entry.groupId : undefined;
    return calls.submit(entry, { bytes: payloadBytes(entry), lane, deadlineAt }).outcome;
  }

  return {
    async send({ message }, pack, { item, position }, { reason, deadlineAt }) {
      if ('error' in item || pack.movesAsItIs(item)) {
        const sending = wholes.get(pack) ?? submit(deadLetterEntry(message, reason, isFifo), deadlineAt);
        wholes.set(pack, sending);
        return sending;
      }
      const messageId = `${message.messageId}#${position}`;
      const { id = messageId, content, attributes, traceHeader = message.traceHeader } = item;
      try {
        // As a new one: moved back to its queue some day, it begins with a count of none.
        const fresh: Item = { id, content, attributes, attempt: 0 };
        const sealed = await envelope.seal([fresh], sqsLimits.maxMessageBytes);
        const letter: Letter = { ...sealed.payload, messageId, groupId: message.groupId, traceHeader };
        const outcome = await submit(deadLetterEntry(letter, reason, isFifo), deadlineAt);
        void discardUnlessSent(sealed, outcome, logger);
        return outcome;
      } catch (cause) {
        return { ok: false, error: toQueueError(cause, 'seal') };
      }
    },
    hurry: () => calls.hurry(),
    rush: () => calls.rush(),
    close: () => calls.close(),
  };
}

/** What is moved. */
export interface Letter extends Payload {
  /** SQS's, or one made of it for a message of a pack. */
  readonly messageId: string;
  readonly groupId: string | undefined;
  readonly traceHeader: string | undefined;
}

/**
 * The message as it goes to the dead-letter queue: its own body and attributes, and the reason. On a FIFO queue the
 * deduplication id is its message id, so that moving a message twice within five minutes leaves one.
 */
export function deadLetterEntry(letter: Letter, reason: string, fifo: boolean): SendEntry {
  const { messageId, body, attributes = {}, groupId, traceHeader } = letter;
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
