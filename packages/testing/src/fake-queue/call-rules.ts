import { payloadBytes, QueueError, type ReceiveRequest, type SendEntry, sqsLimits } from '@sqskit/core';
import { callError } from './answers.ts';
import { type FakeCall, operations } from './fake-call.ts';
import type { FakeQueueSettings } from './fake-queue-options.ts';

/** Throws `batch-invalid` for no entries or more than ten: the caller's mistake. */
export function assertEntries({ verb, entries }: FakeCall): void {
  if (entries < 1 || entries > sqsLimits.maxBatchEntries) {
    const expected = `1 to ${sqsLimits.maxBatchEntries} entries`;
    const message = `${operations[verb]}: expected ${expected}, received ${entries}`;
    throw new QueueError('batch-invalid', message, { entries, expected });
  }
}

/**
 * Throws `batch-too-large` for several messages of more than 1 MiB together and, where the queue is told so, for any
 * that is larger than the queue takes. Otherwise such a one is refused as an entry.
 */
export function assertBatchFits(
  entries: readonly SendEntry[],
  { oversized, maxMessageBytes }: Pick<FakeQueueSettings, 'oversized' | 'maxMessageBytes'>,
): void {
  const sizes = entries.map(payloadBytes);
  const bytes = sizes.reduce((sum, size) => sum + size, 0);
  const isTooLong = entries.length > 1 && bytes > sqsLimits.maxMessageBytes;
  if (isTooLong || (oversized === 'call' && sizes.some((size) => size > maxMessageBytes))) {
    const limit = isTooLong ? sqsLimits.maxMessageBytes : maxMessageBytes;
    const message = `Batch requests cannot be longer than ${limit} bytes. You have sent ${bytes} bytes.`;
    throw callError('sendBatch', 'BatchRequestTooLong', 400, message);
  }
}

/** Throws what SQS answers to a receive outside its ranges. */
export function assertReceivable({ maxMessages, waitTimeMs, visibilityTimeoutMs = 0 }: ReceiveRequest): void {
  const isWithin = (value: number, min: number, max: number): boolean => value >= min && value <= max;
  if (
    !isWithin(maxMessages, 1, sqsLimits.maxBatchEntries) ||
    !isWithin(waitTimeMs, 0, sqsLimits.maxWaitTimeMs) ||
    !isWithin(visibilityTimeoutMs, 0, sqsLimits.maxVisibilityTimeoutMs)
  ) {
    const message = `Value out of range: ${maxMessages} messages, wait ${waitTimeMs} ms, visibility ${visibilityTimeoutMs} ms.`;
    throw callError('receive', 'InvalidParameterValue', 400, message);
  }
}
