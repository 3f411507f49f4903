import { SQSClient } from '@aws-sdk/client-sqs';
import { Producer } from 'sqs-producer';
import type { Target } from '../server/start-load-server.ts';
import { clientSettings, type Sending, slices } from './contender.ts';

const arrayLength = 1_000;

export async function openSqsProducer({ endpoint, queueUrl }: Target): Promise<Sending> {
  const sqs = new SQSClient({ ...clientSettings, endpoint });
  const producer = Producer.create({ queueUrl, sqs });
  return {
    async send(bodies) {
      for (const slice of slices(bodies, arrayLength)) {
        await producer.send(slice.map((body, index) => ({ id: String(index), body: JSON.stringify(body) })));
      }
    },
    [Symbol.asyncDispose]: async () => sqs.destroy(),
  };
}
