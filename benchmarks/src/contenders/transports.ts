import {
  DeleteMessageBatchCommand,
  ReceiveMessageCommand,
  SendMessageBatchCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import { pooledHandler } from '@sqskit/client';
import { Pool } from 'undici';
import type { Target } from '../server/start-load-server.ts';
import type { Connection } from './connection.ts';
import { clientSettings } from './contender.ts';

/** The calls that are compared, ten messages each. */
export interface Calls extends AsyncDisposable {
  /** Sends ten messages of 200 bytes. */
  send(): Promise<unknown>;
  /** Receives ten messages and deletes them: two calls. */
  receive(): Promise<unknown>;
}

const bodies = Array.from({ length: 10 }, (_, index) => JSON.stringify({ index, text: 'x'.repeat(179) }));
const sendEntries = bodies.map((MessageBody, index) => ({ Id: String(index), MessageBody }));
const receiveInput = { MaxNumberOfMessages: 10, WaitTimeSeconds: 0 };

/** The SDK's client as it comes. */
export function callsOfSdk({ endpoint, queueUrl }: Target): Calls {
  return sdkCalls(new SQSClient({ ...clientSettings, endpoint }), queueUrl);
}

/** The same client on our request handler. */
export function callsOfHandler({ endpoint, queueUrl }: Target): Calls {
  return sdkCalls(new SQSClient({ ...clientSettings, endpoint, requestHandler: pooledHandler() }), queueUrl);
}

function sdkCalls(client: SQSClient, QueueUrl: string): Calls {
  return {
    send: () => client.send(new SendMessageBatchCommand({ QueueUrl, Entries: sendEntries })),
    async receive() {
      const { Messages = [] } = await client.send(new ReceiveMessageCommand({ QueueUrl, ...receiveInput }));
      const Entries = Messages.map(({ ReceiptHandle }, index) => ({ Id: String(index), ReceiptHandle }));
      await client.send(new DeleteMessageBatchCommand({ QueueUrl, Entries }));
    },
    [Symbol.asyncDispose]: async () => client.destroy(),
  };
}

export function callsOfQueue({ queue, close }: Connection): Calls {
  const entries = bodies.map((body) => ({ body }));
  return {
    send: () => queue.sendBatch(entries),
    async receive() {
      const messages = await queue.receive({ maxMessages: 10, waitTimeMs: 0 });
      await queue.deleteBatch(messages.map(({ receiptHandle }) => receiptHandle));
    },
    [Symbol.asyncDispose]: close,
  };
}

/**
 * The same bytes over undici, unsigned; nobody looks at the answers, but for the first receive's: what it brought is
 * deleted again and again, which SQS answers with success. The floor of HTTP in Node.
 */
export function callsOfUndici({ endpoint, queueUrl: QueueUrl }: Target): Calls {
  const pool = new Pool(endpoint, { connections: 50 });
  const call = async (action: string, input: object): Promise<ArrayBuffer> => {
    const { body } = await pool.request({
      path: '/',
      method: 'POST',
      headers: { 'content-type': 'application/x-amz-json-1.0', 'x-amz-target': `AmazonSQS.${action}` },
      body: JSON.stringify({ QueueUrl, ...input }),
    });
    return body.arrayBuffer();
  };
  let deleteEntries: Promise<readonly object[]> | undefined;
  return {
    send: () => call('SendMessageBatch', { Entries: sendEntries }),
    async receive() {
      const received = call('ReceiveMessage', receiveInput);
      deleteEntries ??= received.then(entriesIn);
      await received;
      await call('DeleteMessageBatch', { Entries: await deleteEntries });
    },
    [Symbol.asyncDispose]: () => pool.close(),
  };
}

/** What is to be deleted of an answer to `ReceiveMessage`. */
function entriesIn(answer: ArrayBuffer): readonly object[] {
  const { Messages }: { Messages: readonly { ReceiptHandle: string }[] } = JSON.parse(
    Buffer.from(answer).toString(),
  );
  return Messages.map(({ ReceiptHandle }, index) => ({ Id: String(index), ReceiptHandle }));
}
