import { SendMessageBatchCommand, SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import type { Target } from '../server/start-load-server.ts';
import { assertNoneFailed, type Body, clientSettings, type Sending, slices } from './contender.ts';

const batchEntries = 10;

/** The loop that a first version has: `SendMessage`, awaited, for each message. */
export async function openOneByOne({ endpoint, queueUrl }: Target): Promise<Sending> {
  const client = new SQSClient({ ...clientSettings, endpoint });
  return {
    async send(bodies) {
      for (const body of bodies) {
        await client.send(new SendMessageCommand({ QueueUrl: queueUrl, MessageBody: JSON.stringify(body) }));
      }
    },
    [Symbol.asyncDispose]: async () => client.destroy(),
  };
}

/** Batches of ten, at most so many in flight at a time. */
export async function openBatches({ endpoint, queueUrl }: Target, parallel: number): Promise<Sending> {
  const client = new SQSClient({ ...clientSettings, endpoint });
  const sendBatch = async (bodies: readonly Body[]): Promise<void> => {
    const Entries = bodies.map((body, index) => ({ Id: String(index), MessageBody: JSON.stringify(body) }));
    const { Failed } = await client.send(new SendMessageBatchCommand({ QueueUrl: queueUrl, Entries }));
    assertNoneFailed(Failed);
  };
  return {
    async send(bodies) {
      const batches = slices(bodies, batchEntries);
      const worker = async (): Promise<void> => {
        for (const batch of batches) {
          await sendBatch(batch);
        }
      };
      await Promise.all(Array.from({ length: parallel }, worker));
    },
    [Symbol.asyncDispose]: async () => client.destroy(),
  };
}
