import type { SendEntry, SendOutcome, SettleOutcome } from '@sqskit/core';
import { createFakeClock, createFakeQueue, type FakeQueueOptions } from '../src/index.ts';

export function setUp(options: FakeQueueOptions = {}) {
  const clock = createFakeClock();
  const queue = createFakeQueue({ ...options, clock });
  return {
    clock,
    queue,
    send: (...entries: readonly SendEntry[]) => clock.settle(queue.sendBatch(entries)),
    receive: (maxMessages = 10, waitTimeMs = 0) => clock.settle(queue.receive({ maxMessages, waitTimeMs })),
    delete: (...handles: readonly string[]) => clock.settle(queue.deleteBatch(handles)),
    change: (receiptHandle: string, visibilityTimeoutMs: number) =>
      clock.settle(queue.changeVisibilityBatch([{ receiptHandle, visibilityTimeoutMs }])),
  };
}

export function codes(outcomes: readonly (SendOutcome | SettleOutcome)[]): unknown[] {
  return outcomes.map((outcome) => {
    if (outcome.ok) {
      return 'ok';
    }
    const { details } = outcome.error;
    return 'awsCode' in details ? details.awsCode : outcome.error.code;
  });
}

export const bodies = (messages: readonly { readonly body: string }[]): string[] =>
  messages.map(({ body }) => body);
