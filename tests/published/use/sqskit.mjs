import { createProducer, nearestRegion } from 'sqskit';

const queue = {
  url: 'https://sqs.eu-west-1.amazonaws.com/123456789012/orders',
  sendBatch: async (entries) => entries.map((_, index) => ({ ok: true, messageId: `m${index}` })),
};
const producer = createProducer(queue, { maxMessageBytes: 1_048_576 });
const { queueUrl } = await producer.send({ body: 'hello' });
const { sent } = await producer.close();
const region = nearestRegion({ latitude: 48.85, longitude: 2.35 });
console.log(JSON.stringify({ sent, url: new URL(queueUrl).host.split('.')[1], region }));
