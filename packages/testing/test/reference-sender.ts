import {
  abortedError,
  type CloseReport,
  type OutgoingMessage,
  payloadBytes,
  QueueError,
  type SendEntry,
  type Sender,
  type SendOptions,
  type SendReceipt,
  type Sent,
  sqsLimits,
  type Undelivered,
} from '@sqskit/core';
import { createAccumulator, type Ticket } from '@sqskit/core/accumulator';
import { sleep } from '@sqskit/core/clock';
import { parseQueueUrl } from '@sqskit/core/queue-url';
import { exponentialBackoff } from '@sqskit/core/retry';
import type { SenderParts } from '../src/index.ts';

interface Outgoing {
  readonly message: OutgoingMessage<string>;
  readonly id: string;
  readonly wire: SendEntry;
  readonly bytes: number;
  readonly lane: string | undefined;
  readonly deadlineAt: number;
  readonly resolve: (receipt: SendReceipt) => void;
  readonly reject: (error: QueueError) => void;
  ticket: Ticket | undefined;
}

/** What the reference sender can be made to get wrong. */
export interface Flaws {
  readonly lanes?: 'none' | undefined;
  readonly maxBytes?: number | undefined;
  readonly roomFor?: number | undefined;
  readonly sameIds?: boolean | undefined;
}

/** As small a sender as keeps the contract: for proving the suite, not for use. */
export function createReferenceSender(parts: SenderParts, flaws: Flaws = {}): Sender<string> {
  const { queue, clock, random, maxMessages, deadlineMs } = parts;
  const { fifo } = parseQueueUrl(queue.url);
  const room = flaws.roomFor ?? maxMessages;
  const unsettled = new Map<Outgoing, Promise<SendReceipt>>();
  const waiting = new Set<Outgoing>();
  let closing: Promise<CloseReport<string>> | undefined;
  let undelivered: Undelivered<string>[] | undefined;
  let nextId = 1;
  let sent = 0;

  const accumulator = createAccumulator<Outgoing, Sent>({
    clock,
    maxEntries: sqsLimits.maxBatchEntries,
    maxBytes: flaws.maxBytes ?? sqsLimits.maxMessageBytes,
    lingerMs: 5,
    lingerWhenIdle: false,
    maxInFlight: 4,
    backoff: exponentialBackoff({ random }),
    callTimeoutMs: 30_000,
    call: (batch) => queue.sendBatch(batch.map(({ wire }) => wire)),
    onSettled(outgoing, outcome, attempts) {
      if (!outcome.ok) {
        fail(outgoing, outcome.error);
        return;
      }
      sent++;
      unsettled.delete(outgoing);
      const { messageId, sequenceNumber } = outcome;
      outgoing.resolve({ id: outgoing.id, messageId, sequenceNumber, queueUrl: queue.url, attempts });
      admit();
    },
  });

  function fail(outgoing: Outgoing, error: QueueError): void {
    unsettled.delete(outgoing);
    waiting.delete(outgoing);
    undelivered?.push({ message: outgoing.message, id: outgoing.id, error });
    outgoing.reject(error);
    admit();
  }

  function isFull(): boolean {
    return waiting.size > 0 || unsettled.size - waiting.size >= room;
  }

  function admit(): void {
    for (const outgoing of waiting) {
      if (unsettled.size - waiting.size >= room) {
        return;
      }
      waiting.delete(outgoing);
      outgoing.ticket = accumulator.add(outgoing);
    }
  }

  function take(message: OutgoingMessage<string>, options: SendOptions): Promise<SendReceipt> {
    const { body, groupId, deduplicationId, attributes, delayMs, traceHeader } = message;
    const wire = { body, groupId, deduplicationId, attributes, delayMs, traceHeader };
    let resolve: Outgoing['resolve'] = () => undefined;
    let reject: Outgoing['reject'] = () => undefined;
    const promise = new Promise<SendReceipt>((onAccepted, onFailed) => {
      resolve = onAccepted;
      reject = onFailed;
    });
    const outgoing: Outgoing = {
      message,
      id: message.id ?? `reference-${flaws.sameIds === true ? 1 : nextId++}`,
      wire,
      bytes: payloadBytes(wire),
      lane: fifo && flaws.lanes !== 'none' ? groupId : undefined,
      deadlineAt: clock.monotonic() + (options.deadlineMs ?? deadlineMs),
      resolve,
      reject,
      ticket: undefined,
    };
    const mustWait = isFull();
    unsettled.set(outgoing, promise);
    options.signal?.addEventListener('abort', () => {
      if (options.signal !== undefined && unsettled.has(outgoing)) {
        const error = abortedError(options.signal);
        if (outgoing.ticket === undefined) {
          fail(outgoing, error);
        } else {
          outgoing.ticket.cancel(error);
        }
      }
    });
    if (mustWait) {
      waiting.add(outgoing);
    } else {
      outgoing.ticket = accumulator.add(outgoing);
    }
    return promise;
  }

  function refusal(options: SendOptions): QueueError | undefined {
    if (undelivered !== undefined) {
      return new QueueError('closed', 'the sender is closed', { what: 'sender' });
    }
    return options.signal?.aborted === true ? abortedError(options.signal) : undefined;
  }

  async function allSettled(): Promise<void> {
    accumulator.hurry();
    await Promise.allSettled(unsettled.values());
  }

  async function shutDown(timeoutMs: number, list: Undelivered<string>[]): Promise<CloseReport<string>> {
    const timeUp = new AbortController();
    const timer = sleep(clock, timeoutMs, { signal: timeUp.signal }).then(
      () => {
        const error = () => new QueueError('closed', 'the sender was closed', { what: 'sender' });
        for (const outgoing of waiting) {
          fail(outgoing, error());
        }
        accumulator.cancelAll(error);
      },
      () => undefined,
    );
    await allSettled();
    timeUp.abort();
    await timer;
    return { sent, undelivered: list };
  }

  const sender: Sender<string> = {
    async send(message, options = {}) {
      const error = refusal(options);
      if (error !== undefined) {
        throw error;
      }
      return take(message, options);
    },
    trySend(message, options = {}) {
      const error = refusal(options);
      if (error !== undefined) {
        return Promise.reject(error);
      }
      return isFull() ? undefined : take(message, options);
    },
    flush: allSettled,
    close(options = {}) {
      undelivered ??= [];
      closing ??= shutDown(options.timeoutMs ?? deadlineMs, undelivered);
      return closing;
    },
    async [Symbol.asyncDispose]() {
      await sender.close();
    },
  };
  return sender;
}
