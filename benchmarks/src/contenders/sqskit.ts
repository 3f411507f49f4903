import { createProducer, type ProducerOptions } from '@sqskit/batching';
import { createPooledClient, createSqsQueue } from '@sqskit/client';
import type { OutgoingMessage } from '@sqskit/core';
import type { Target } from '../server/start-load-server.ts';
import { type Body, clientSettings, type Sending, slices } from './contender.ts';

export interface SqskitOptions {
  readonly producer?: ProducerOptions<Body>;
  /** Makes the message of a body. Default: the body alone. */
  readonly message?: (body: Body) => OutgoingMessage<Body>;
}

export async function openSqskit(
  { endpoint, queueUrl }: Target,
  { producer: options, message = (body) => ({ body }) }: SqskitOptions = {},
): Promise<Sending> {
  const client = createPooledClient({ ...clientSettings, endpoint });
  const producer = createProducer<Body>(createSqsQueue(client, queueUrl), options);
  return {
    send: (bodies) => sendAwaitedLater(bodies, (body) => producer.send(message(body))),
    async [Symbol.asyncDispose]() {
      await producer.close();
      await client.close();
    },
  };
}

const sliceLength = 1_000;
/** So that at most 10,000 messages are under way: what a producer buffers unless told otherwise. */
const slicesUnderWay = 10;

/** Calls `send` for each message and awaits its promise later, as an application does that has other things to do. */
export async function sendAwaitedLater<B>(
  bodies: readonly B[],
  send: (body: B) => Promise<unknown>,
): Promise<void> {
  const receipts: Promise<unknown>[] = [];
  for (const slice of slices(bodies, sliceLength)) {
    await receipts.at(-slicesUnderWay);
    receipts.push(Promise.all(slice.map((body) => send(body))));
  }
  await Promise.all(receipts);
}
