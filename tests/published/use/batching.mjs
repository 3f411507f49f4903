import { createProducer } from '@sqskit/batching';

const batches = [];
const queue = {
  url: 'https://sqs.eu-west-1.amazonaws.com/123456789012/orders',
  async sendBatch(entries) {
    batches.push(entries.length);
    return entries.map((_, index) => ({ ok: true, messageId: `m${index}` }));
  },
};
// Nothing leaves for having waited, so that a slow machine cuts the same batches; close sends the rest.
const options = { maxMessageBytes: 1_048_576, lingerMs: 60_000, lingerWhenIdle: true };
const producer = createProducer(queue, options);
const sending = Array.from({ length: 25 }, (_, n) => producer.send({ body: { n } }));
const report = await producer.close();
const receipts = await Promise.all(sending);
console.log(JSON.stringify({ receipts: receipts.length, batches, report }));
