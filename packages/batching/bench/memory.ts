// What a message takes in memory beside its content, while it is in the buffer or waits for it:
//
//     npx -y pnpm@12.21.0 --filter @sqskit/batching bench
import { type Queue, sendAll, text } from '@sqskit/core';
import { messageOverheadBytes } from '../src/admission.ts';
import { createProducer, type Producer, type ProducerOptions } from '../src/index.ts';

const count = 50_000;

/** Never answers. */
const silentQueue: Queue = {
  url: 'https://sqs.eu-west-1.amazonaws.com/123456789012/silent',
  sendBatch: () => new Promise(() => undefined),
  receive: () => Promise.resolve([]),
  deleteBatch: () => Promise.resolve([]),
  changeVisibilityBatch: () => Promise.resolve([]),
  describe: () => new Promise(() => undefined),
  depth: () => new Promise(() => undefined),
};

function* messages(): Generator<{ readonly body: string }> {
  for (let sent = 0; sent < count; sent++) {
    yield { body: 'x' }; // the same one text for all
  }
}

/** What is still held of them. */
const held: unknown[] = [];

function heapAfterCollection(): number {
  globalThis.gc?.();
  return process.memoryUsage().heapUsed;
}

async function report(
  name: string,
  send: (producer: Producer<string>) => unknown,
  options: ProducerOptions<string> = {},
): Promise<void> {
  const producer = createProducer(silentQueue, {
    codec: text(),
    maxMessageBytes: 1_048_576,
    maxBufferedMessages: Number.POSITIVE_INFINITY,
    maxBufferedBytes: Number.POSITIVE_INFINITY,
    maxWaitingMessages: Number.POSITIVE_INFINITY,
    maxWaitingBytes: Number.POSITIVE_INFINITY,
    ...options,
  });
  const before = heapAfterCollection();
  held.push(producer, send(producer));
  while (producer.stats().bufferedMessages + producer.stats().waitingMessages < count) {
    await new Promise((resolve) => setImmediate(resolve));
  }
  const bytes = (heapAfterCollection() - before) / count;
  console.log(`${name.padEnd(40)}${bytes.toFixed(0).padStart(5)} bytes a message`);
}

const ignore = (): void => undefined;

console.log(`counted as${''.padEnd(30)}${String(messageOverheadBytes).padStart(5)} bytes a message`);
await report('sendAll', (producer) => sendAll(producer, messages()));
await report('send, with a callback each', (producer) => {
  for (const message of messages()) {
    producer.send(message).catch(ignore);
  }
});
await report(
  'send, waiting for room',
  (producer) => {
    for (const message of messages()) {
      producer.send(message).catch(ignore);
    }
  },
  { maxBufferedMessages: 1 },
);
process.exit();
