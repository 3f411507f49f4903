import { createProducer } from '@sqskit/batching';

const batches = [];
const queue = {
  url: 'https://sqs.eu-west-1.amazonaws.com/123456789012/orders',
  async sendBatch(entries) {
    batches.push(entries.length);
    return entries.map((_, index) => ({ ok: true, messageId: `m${index}` }));
  },
};
const producer = createProducer(queue, { maxMessageBytes: 1_048_576 });
const receipts = await Promise.all(Array.from({ length: 25 }, (_, n) => producer.send({ body: { n } })));
const report = await producer.close();
console.log(JSON.stringify({ receipts: receipts.length, batches, report }));
