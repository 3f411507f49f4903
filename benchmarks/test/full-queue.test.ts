import { createLeanClient, createLeanQueue } from '@sqskit/client/lean';
import { expect, onTestFinished, test } from 'vitest';
import { clientSettings } from '../src/contenders/contender.ts';
import { startFullQueue } from '../src/server/start-full-queue.ts';

const receive = { maxMessages: 10, waitTimeMs: 0 };

test('a full queue has as many messages of 1,024 bytes as it was asked for, and tells what it was asked', async () => {
  const full = await startFullQueue({ latencyMs: 0, messages: 15 });
  const { endpoint, queueUrl } = full.target;
  const client = createLeanClient({ ...clientSettings, endpoint });
  onTestFinished(async () => {
    await client.close();
    await full[Symbol.asyncDispose]();
  });
  const queue = createLeanQueue(client, queueUrl);
  const received = [...(await queue.receive(receive)), ...(await queue.receive(receive))];
  expect(received.map(({ body }) => Buffer.byteLength(body))).toEqual(Array(15).fill(1_024));
  expect(new Set(received.map(({ body }) => body)).size).toBe(15);
  const told = full.countsWhenAsked(3);
  await queue.deleteBatch(received.slice(0, 3).map(({ receiptHandle }) => receiptHandle));
  expect(await told).toEqual({ calls: 3, deletes: 3, cpuMicros: expect.any(Number) });
});
