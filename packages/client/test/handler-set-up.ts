import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { isQueueError, type QueueError } from '@sqskit/core';
import { afterEach, beforeEach, expect } from 'vitest';
import {
  type HandlerRequest,
  type HandlerResponse,
  type PooledHandler,
  type PooledHandlerOptions,
  pooledHandler,
} from '../src/index.ts';
import { type ScriptedServer, startScriptedServer } from './scripted-server.ts';

/** The scripted server of the test that runs. */
export let server: ScriptedServer;
let handlers: PooledHandler[] = [];

/** Gives each test of a file a server, and closes it after, with the handlers that the test made. */
export function serverForEachTest(): void {
  beforeEach(async () => {
    server = await startScriptedServer();
  });
  afterEach(async () => {
    for (const handler of handlers) {
      handler.destroy();
    }
    handlers = [];
    await server.stop();
  });
}

export function makeHandler(options: PooledHandlerOptions = {}): PooledHandler {
  const handler = pooledHandler(options);
  handlers.push(handler);
  return handler;
}

export function request(
  action = 'DeleteMessageBatch',
  input: unknown = {},
  origin = server.endpoint,
): HandlerRequest {
  const { protocol, hostname, port } = new URL(origin);
  return {
    method: 'POST',
    protocol,
    hostname,
    port: Number(port),
    path: '/',
    headers: { 'content-type': 'application/x-amz-json-1.0', 'x-amz-target': `AmazonSQS.${action}` },
    body: JSON.stringify(input),
  };
}

export const poll = (WaitTimeSeconds?: number): HandlerRequest =>
  request('ReceiveMessage', { WaitTimeSeconds });

type Answered = Promise<{ response: HandlerResponse }>;

/** The error of a request, which must fail, and the `QueueError` that is its cause. */
export async function failure(
  answered: Answered,
): Promise<{ readonly error: Error; readonly cause: QueueError }> {
  const error: unknown = await answered.then(
    () => expect.unreachable('the request was answered'),
    (reason: unknown) => reason,
  );
  if (!(error instanceof Error) || !isQueueError(error.cause)) {
    throw error;
  }
  return { error, cause: error.cause };
}

export function text(body: unknown): string {
  if (!(body instanceof Uint8Array)) {
    throw new TypeError('the body is not bytes');
  }
  return Buffer.from(body).toString();
}

/** A server that takes connections and never says anything: behind `https:`, one to which no connection is ever made. */
export async function startSilentServer(): Promise<{
  readonly port: number;
  readonly sockets: Set<Socket>;
  readonly server: Server;
}> {
  const sockets = new Set<Socket>();
  const silent = createServer((socket) => {
    sockets.add(socket);
    socket.resume();
    socket.on('error', () => undefined);
    socket.on('close', () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
  return { port: (silent.address() as AddressInfo).port, sockets, server: silent };
}
