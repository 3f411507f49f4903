import { createProducer } from '@sqskit/batching';
import { createPooledClient, createSqsQueue } from '@sqskit/client';
import { createConsumer } from '@sqskit/consumer';
import { text } from '@sqskit/core';
import { consume } from './consume.ts';
import { produce } from './produce.ts';
import type { OpenWay } from './way.ts';

/** As long as the naive loop waits for messages; short, because to stop is to wait for the polls under way. */
const waitTimeMs = 1_000;

/**
 * Enough to fill 16 batches in flight and the next ones. The naive loop hands a message over when it can be sent; what
 * waits in a large buffer would count as handed over long before, and would all be sent after a Ctrl-C.
 */
const maxBufferedMessages = 500;

/** Shorter than usual: someone is watching. */
const deadlineMs = 30_000;

/** The sqskit way: pooled connections, a producer that batches, a consumer that leases, runs and settles in batches. */
export const openPipeline: OpenWay = ({ clientConfig, queueUrl, desk, meter, concurrency }) => {
  const client = createPooledClient(clientConfig);
  const queue = createSqsQueue(meter.watch(client), queueUrl);
  const producer = createProducer(queue, { codec: text(), deadlineMs, maxBufferedMessages });
  const consumer = createConsumer(queue, consume(desk), {
    codec: text(),
    maxConcurrency: concurrency,
    waitTimeMs,
  });
  consumer.start();

  return {
    send: (round, stop) => produce(producer, round, stop),
    isSettled() {
      const { running, waiting, settling } = consumer.stats();
      return running + waiting + settling === 0;
    },
    broken: new Promise(() => undefined), // it retries, and reports what fails
    async close() {
      await producer.close();
      await consumer.stop();
      await client.close();
    },
  };
};
