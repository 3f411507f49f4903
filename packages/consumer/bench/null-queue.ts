import { type Queue, type ReceivedMessage, type SettleOutcome, sqsLimits } from '@sqskit/core';

/** Hands out so many messages of this body, then nothing, and answers at once. */
export function createNullQueue(body: string, count: number): Queue {
  let left = count;
  const settled: SettleOutcome = { ok: true };
  const message = (): ReceivedMessage => ({
    messageId: `m${left}`,
    receiptHandle: `r${left}`,
    body,
    attributes: {},
    receiveCount: 1,
    sentAtMs: undefined,
    groupId: undefined,
    deduplicationId: undefined,
    sequenceNumber: undefined,
    traceHeader: undefined,
  });
  const none = (): Promise<never> => Promise.reject(new Error('nobody asks'));
  return {
    url: 'https://sqs.us-east-1.amazonaws.com/123456789012/bench',
    async receive({ maxMessages }) {
      const messages: ReceivedMessage[] = [];
      for (; left > 0 && messages.length < Math.min(maxMessages, sqsLimits.maxBatchEntries); left--) {
        messages.push(message());
      }
      return messages;
    },
    deleteBatch: async (handles) => handles.map(() => settled),
    changeVisibilityBatch: async (changes) => changes.map(() => settled),
    sendBatch: none,
    describe: none,
    depth: none,
  };
}
