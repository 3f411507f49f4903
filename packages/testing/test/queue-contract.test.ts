import { describe, expect, test } from 'vitest';
import { createFakeClock, createFakeQueue, type QueueHarness, queueContract } from '../src/index.ts';

function harness(): QueueHarness {
  const clock = createFakeClock();
  return {
    settle: (promise) => clock.settle(promise),
    async createQueue({ deadLetter, fifo = false, ...options }) {
      const suffix = fifo ? '.fifo' : '';
      const url = 'https://sqs.us-east-1.amazonaws.com/123456789012/';
      if (deadLetter === undefined) {
        return { queue: createFakeQueue({ ...options, fifo, clock }) };
      }
      const deadLetterQueue = createFakeQueue({ fifo, clock, url: `${url}dead${suffix}` });
      const queue = createFakeQueue({ ...options, ...deadLetter, fifo, clock, deadLetterQueue });
      return { queue, deadLetterQueue };
    },
  };
}

const cases = queueContract(harness()).map(({ name, run }) => [name, run] as const);

describe('the fake queue', () => {
  test.each(cases)('%s', async (_, run) => {
    await expect(run()).resolves.toBeUndefined();
  });
});
