import { writeFileSync } from 'node:fs';
import { createConsumer, retry } from '@sqskit/consumer';
import { withIdempotency } from '@sqskit/consumer/idempotency';
import { workers } from '@sqskit/consumer/workers';

let toReceive = [
  { messageId: 'a', receiptHandle: 'ra', body: '{"n":1}', attributes: {}, receiveCount: 1 },
  { messageId: 'b', receiptHandle: 'rb', body: '{"n":2}', attributes: {}, receiveCount: 1 },
];
const done = [];
const settled = (what) => async (entries) => {
  done.push(...entries.map((entry) => `${what} ${entry.receiptHandle ?? entry}`));
  return entries.map(() => ({ ok: true }));
};
const queue = {
  url: 'https://sqs.eu-west-1.amazonaws.com/123456789012/orders',
  sendBatch: settled('send'),
  deleteBatch: settled('delete'),
  changeVisibilityBatch: settled('change'),
  describe: () => Promise.reject(new Error('not asked for')),
  depth: () => Promise.reject(new Error('not asked for')),
  receive(_request, { signal }) {
    const messages = toReceive;
    toReceive = [];
    return messages.length > 0
      ? Promise.resolve(messages)
      : new Promise((resolve) => signal.addEventListener('abort', () => resolve([])));
  },
};
const bodies = [];
const once = withIdempotency();
const handler = once(({ body }) => {
  bodies.push(body.n);
  return body.n === 2 ? retry({ delayMs: 5_000 }) : undefined;
});
const consumer = createConsumer(queue, handler);
consumer.start();
while (consumer.stats().acked + consumer.stats().retried < 2) await new Promise(setImmediate);
await consumer.stop({ timeoutMs: 200 });

const file = new URL('./on-thread.mjs', import.meta.url);
const module = `import { deadLetter } from '@sqskit/consumer';
export const handler = ({ body }) => deadLetter(body);`;
writeFileSync(file, module);
const onThread = await workers({ file, max: 1 })(
  { body: 'no', attributes: {} },
  { signal: new AbortController().signal },
); // and the process ends though nobody closes the thread
console.log(
  JSON.stringify({
    bodies,
    done: done.toSorted((one, other) => (one < other ? -1 : 1)),
    onThread: onThread.action,
  }),
);
