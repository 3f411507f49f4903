import {
  abortedError,
  type CloseReport,
  type Failure,
  type OutgoingMessage,
  payloadBytes,
  plain,
  QueueError,
  type Sender,
  type SendOptions,
  type SendReceipt,
  type Sent,
  sqsLimits,
  type Undelivered,
} from '@sqskit/core';
import { type AccumulatorEntry, createAccumulator } from '@sqskit/core/accumulator';
import { parseQueueUrl } from '@sqskit/core/queue-url';
import { exponentialBackoff } from '@sqskit/core/retry';
import type { SenderParts } from '@sqskit/testing';

interface Entry extends AccumulatorEntry {
  readonly message: OutgoingMessage<string>;
  readonly id: string;
  readonly body: string;
  settle(outcome: Sent | Failure, attempts: number): void;
}

/** What batches and retries need to be, for a sender of texts to keep the whole contract; a producer has more. */
export function createQueueSender(parts: SenderParts): Sender<string> {
  const { queue, clock, random, maxMessages } = parts;
  const { fifo } = parseQueueUrl(queue.url);
  const maxBytes = sqsLimits.maxMessageBytes;
  const envelope = plain();
  const waiting: Entry[] = [];
  const unsettled = new Set<Promise<SendReceipt>>();
  const undelivered: Undelivered<string>[] = [];
  let given = 0;
  let sent = 0;
  let closing: Promise<CloseReport<string>> | undefined;

  const accumulator = createAccumulator<Entry, Sent>({
    clock,
    maxEntries: 10,
    maxBytes,
    lingerMs: 5,
    lingerWhenIdle: false,
    maxInFlight: 4,
    backoff: exponentialBackoff({ random }),
    callTimeoutMs: 30_000,
    call: (entries) =>
      queue.sendBatch(
        entries.map(
          ({ message: { attributes, groupId, deduplicationId, delayMs, traceHeader }, id, body }) => ({
            body,
            attributes,
            groupId,
            deduplicationId: deduplicationId ?? (fifo ? id : undefined),
            delayMs,
            traceHeader,
          }),
        ),
      ),
    onSettled: (entry, outcome, attempts) => {
      entry.settle(outcome, attempts);
      admit();
    },
  });

  const admit = (): void => {
    while (waiting.length > 0 && accumulator.size < maxMessages) {
      const [entry] = waiting.splice(0, 1);
      if (entry !== undefined) {
        accumulator.add(entry);
      }
    }
  };

  const send = (message: OutgoingMessage<string>, options: SendOptions = {}): Promise<SendReceipt> => {
    const { signal, deadlineMs = parts.deadlineMs } = options;
    const receipt = new Promise<SendReceipt>((resolve, reject) => {
      if (closing !== undefined) {
        throw new QueueError('closed', 'closed', { what: 'queue sender' });
      }
      if (signal?.aborted === true) {
        throw abortedError(signal);
      }
      const id = message.id ?? `id-${given++}`;
      const { payload } = seal(message, id);
      const entry: Entry = {
        message,
        id,
        body: payload.body,
        bytes: payloadBytes(payload),
        lane: fifo ? message.groupId : undefined,
        deadlineAt: clock.monotonic() + deadlineMs,
        settle(outcome, attempts) {
          if (outcome.ok) {
            sent++;
            const { messageId, sequenceNumber } = outcome;
            resolve({ id, messageId, sequenceNumber, queueUrl: queue.url, attempts });
            return;
          }
          if (closing !== undefined) {
            undelivered.push({ message, id, error: outcome.error });
          }
          reject(outcome.error);
        },
      };
      if (accumulator.size >= maxMessages) {
        waiting.push(entry);
        signal?.addEventListener('abort', () => leaveLine(entry, abortedError(signal)));
      } else {
        const ticket = accumulator.add(entry);
        signal?.addEventListener('abort', () => ticket.cancel(abortedError(signal)));
      }
    });
    unsettled.add(receipt);
    const settled = (): unknown => unsettled.delete(receipt);
    receipt.then(settled, settled);
    return receipt;
  };

  const seal = ({ body, attributes }: OutgoingMessage<string>, id: string) => {
    const sealed = envelope.seal([{ id, content: body, attributes, attempt: 0 }], maxBytes);
    if (sealed instanceof Promise) {
      throw new TypeError('the plain envelope seals at once');
    }
    return sealed;
  };

  const leaveLine = (entry: Entry, error: QueueError): void => {
    const place = waiting.indexOf(entry);
    if (place >= 0) {
      waiting.splice(place, 1);
      entry.settle({ ok: false, error }, 0);
    }
  };

  const flush = async (): Promise<void> => {
    accumulator.hurry();
    await Promise.allSettled(unsettled);
  };

  const close = async (timeoutMs: number): Promise<CloseReport<string>> => {
    const late = () => new QueueError('closed', 'not delivered in time', { what: 'queue sender' });
    const timer = clock.setTimer(() => {
      for (const entry of [...waiting]) {
        leaveLine(entry, late());
      }
      accumulator.cancelAll(late);
    }, timeoutMs);
    await flush();
    timer.cancel();
    return { sent, undelivered };
  };

  const sender: Sender<string> = {
    send,
    trySend: (message, options) => (accumulator.size < maxMessages ? send(message, options) : undefined),
    flush,
    close: ({ timeoutMs = parts.deadlineMs } = {}) => {
      closing ??= Promise.resolve().then(() => close(timeoutMs));
      return closing;
    },
    [Symbol.asyncDispose]: async () => {
      await sender.close();
    },
  };
  return sender;
}
