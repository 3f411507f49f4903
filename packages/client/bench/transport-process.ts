// One transport, in a process that knows no other: makes as many calls as it can for as long as it is told to, and tells
// what CPU time they took.
import { setDefaultCACertificates } from 'node:tls';
import {
  DeleteMessageBatchCommand,
  ReceiveMessageCommand,
  SendMessageBatchCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import { createPooledClient, createSqsQueue, pooledHandler } from '@sqskit/client';
import { createLeanClient, createLeanQueue } from '@sqskit/client/lean';
import type { Queue } from '@sqskit/core';
import { Pool } from 'undici';
import { localhostCertificate } from '../test/localhost-certificate.ts';

/** Makes the calls of one round: it sends ten messages, or receives and deletes ten. */
type Round = () => Promise<unknown>;

interface Rounds {
  readonly send: Round;
  readonly receive: Round;
}

const bodies = Array.from({ length: 10 }, (_, index) =>
  JSON.stringify({ index, text: 'x'.repeat(200) }).slice(0, 200),
);
const entries = bodies.map((body) => ({ body }));
const region = 'us-east-1';
const credentials = { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'secret' };

function overSdk(client: SQSClient, QueueUrl: string): Rounds {
  return {
    send: () =>
      client.send(
        new SendMessageBatchCommand({
          QueueUrl,
          Entries: bodies.map((MessageBody, index) => ({ Id: String(index), MessageBody })),
        }),
      ),
    receive: async () => {
      const { Messages = [] } = await client.send(
        new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10, WaitTimeSeconds: 0 }),
      );
      const Entries = Messages.map(({ ReceiptHandle }, index) => ({ Id: String(index), ReceiptHandle }));
      await client.send(new DeleteMessageBatchCommand({ QueueUrl, Entries }));
    },
  };
}

function overQueue(queue: Queue): Rounds {
  return {
    send: () => queue.sendBatch(entries),
    receive: async () => {
      const messages = await queue.receive({ maxMessages: 10, waitTimeMs: 0 });
      await queue.deleteBatch(messages.map(({ receiptHandle }) => receiptHandle));
    },
  };
}

/** The same bytes, unsigned; the answers are not looked at. */
function overUndici(origin: string, QueueUrl: string): Rounds {
  const pool = new Pool(origin, { connections: 50 });
  const Entries = bodies.map((MessageBody, index) => ({ Id: String(index), MessageBody }));
  const call = async (action: string, input: object): Promise<void> => {
    const { body } = await pool.request({
      path: '/',
      method: 'POST',
      headers: { 'content-type': 'application/x-amz-json-1.0', 'x-amz-target': `AmazonSQS.${action}` },
      body: JSON.stringify(input),
    });
    await body.arrayBuffer();
  };
  const handles = bodies.map((_, index) => ({ Id: String(index), ReceiptHandle: 'AQEB'.repeat(90) }));
  return {
    send: () => call('SendMessageBatch', { QueueUrl, Entries }),
    receive: async () => {
      await call('ReceiveMessage', { QueueUrl, MaxNumberOfMessages: 10, WaitTimeSeconds: 0 });
      await call('DeleteMessageBatch', { QueueUrl, Entries: handles });
    },
  };
}

function roundsOf(transport: string, endpoint: string): Rounds {
  const url = `${endpoint}/000000000000/bench`;
  switch (transport) {
    case 'sdk':
      return overSdk(new SQSClient({ region, credentials, endpoint }), url);
    case 'handler':
      return overSdk(new SQSClient({ region, credentials, endpoint, requestHandler: pooledHandler() }), url);
    case 'queue':
      return overQueue(createSqsQueue(createPooledClient({ region, credentials, endpoint }), url));
    case 'lean':
      return overQueue(createLeanQueue(createLeanClient({ region, credentials, endpoint }), url));
    default:
      return overUndici(endpoint, url);
  }
}

/** Keeps 16 rounds in flight; CPU time of this process, the garbage collector's and the thread pool's included. */
async function measure(
  round: Round,
  ms: number,
): Promise<{ rounds: number; cpuMicros: number; elapsedMs: number }> {
  const startedAt = performance.now();
  const cpu = process.cpuUsage();
  let rounds = 0;
  await Promise.all(
    Array.from({ length: 16 }, async () => {
      while (performance.now() - startedAt < ms) {
        await round();
        rounds++;
      }
    }),
  );
  const { user, system } = process.cpuUsage(cpu);
  return { rounds, cpuMicros: user + system, elapsedMs: performance.now() - startedAt };
}

setDefaultCACertificates([localhostCertificate.cert]);
const [transport = '', endpoint = ''] = process.argv.slice(2);
const rounds = roundsOf(transport, endpoint);
process.on('message', ({ kind, ms }: { readonly kind: keyof Rounds; readonly ms: number }) => {
  void measure(rounds[kind], ms).then((figures) => process.send?.(figures));
});
process.on('disconnect', () => process.exit());
