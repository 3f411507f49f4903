import { createProducer, type Producer, type ProducerOptions } from '@sqskit/batching';
import { packed } from '@sqskit/compression';
import type { OutgoingMessage } from '@sqskit/core';
import { createRandom } from '@sqskit/testing';
import type { Connection } from './connection.ts';
import { type Body, type Sending, slices } from './contender.ts';

export interface SqskitOptions {
  readonly producer?: ProducerOptions<Body>;
  /** Makes the message of a body. Default: the body alone. */
  readonly message?: (body: Body) => OutgoingMessage<Body>;
}

export interface OpenProducer<T> extends AsyncDisposable {
  readonly producer: Producer<T>;
}

/** A producer that closes the connection when it is closed. */
export function openProducer<T>({ queue, close }: Connection, options?: ProducerOptions<T>): OpenProducer<T> {
  const producer = createProducer<T>(queue, options);
  return {
    producer,
    async [Symbol.asyncDispose]() {
      await producer.close();
      await close();
    },
  };
}

export function openSqskit(
  connection: Connection,
  { producer: options, message = (body) => ({ body }) }: SqskitOptions = {},
): Sending {
  const open = openProducer(connection, options);
  return {
    send: (bodies) => sendAwaitedLater(bodies, (body) => open.producer.send(message(body))),
    [Symbol.asyncDispose]: () => open[Symbol.asyncDispose](),
  };
}

export function openSqskitPacked(
  connection: Connection,
  { traced = false }: { readonly traced?: boolean } = {},
): Sending {
  const producer: ProducerOptions<Body> = { envelope: packed() };
  return openSqskit(connection, traced ? { producer, message: withTraceHeader() } : { producer });
}

/** Gives each message one of many trace headers, so that neighbours never have the same. */
function withTraceHeader(): (body: Body) => OutgoingMessage<Body> {
  const random = createRandom(1);
  const hex = (length: number): string =>
    Array.from({ length }, () => Math.floor(random() * 16).toString(16)).join('');
  const headers = Array.from(
    { length: 5_000 },
    () => `Root=1-${hex(8)}-${hex(24)};Parent=${hex(16)};Sampled=1`,
  );
  let next = 0;
  return (body) => ({ body, traceHeader: headers[next++ % headers.length] });
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
    if (receipts.length === slicesUnderWay) {
      await receipts.shift(); // and forget them, as an application would
    }
    receipts.push(Promise.all(slice.map((body) => send(body))));
  }
  await Promise.all(receipts);
}
