import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { getCACertificates, setDefaultCACertificates, type TLSSocket } from 'node:tls';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type HandlerRequest, pooledHandler } from '../src/index.ts';
import { createLeanClient, createLeanQueue } from '../src/lean.ts';
import { localhostCertificate } from './localhost-certificate.ts';

let server: Server;
let port: number;
const sockets: TLSSocket[] = [];

beforeAll(async () => {
  server = createServer(localhostCertificate, (incoming, response) => {
    incoming.resume();
    response.writeHead(200, { 'content-type': 'application/x-amz-json-1.0' }).end('{}');
  });
  server.on('secureConnection', (socket: TLSSocket) => sockets.push(socket));
  await new Promise<void>((resolve) => server.listen(0, 'localhost', resolve));
  port = (server.address() as AddressInfo).port;
});

afterAll(() => {
  server.close();
});

const request = (): HandlerRequest => ({
  method: 'POST',
  protocol: 'https:',
  hostname: 'localhost',
  port,
  path: '/',
  headers: {},
  body: '{}',
});

test('a server whose certificate nobody vouches for is not talked to, and not tried again', async () => {
  await using handler = pooledHandler();
  const error = await handler.handle(request()).catch((reason: unknown) => reason);
  expect(error).toMatchObject({
    name: 'Error',
    cause: {
      code: 'network-error',
      details: { reason: 'DEPTH_ZERO_SELF_SIGNED_CERT' },
      outcome: 'rejected',
      retryable: false,
    },
  });
});

test('a trusted one is, and the next connection resumes the session of the last', async () => {
  const trusted = getCACertificates('default');
  setDefaultCACertificates([...trusted, localhostCertificate.cert]);
  await using handler = pooledHandler();
  sockets.length = 0;
  expect((await handler.handle(request())).response.statusCode).toBe(200);
  await Promise.all([handler.handle(request()), handler.handle(request())]);
  expect(sockets.map((socket) => socket.isSessionReused())).toEqual([false, true]);
  expect(sockets.map((socket) => socket.alpnProtocol)).toEqual(['http/1.1', 'http/1.1']);
  setDefaultCACertificates(trusted);
});

test('a lean client talks to whom it can trust, and to nobody else', async () => {
  const credentials = { accessKeyId: 'test', secretAccessKey: 'test' };
  await using client = createLeanClient({ region: 'us-east-1', credentials });
  const queue = createLeanQueue(client, `https://localhost:${port}/000000000000/q`);
  expect(await queue.deleteBatch(['handle'])).toMatchObject([
    {
      ok: false,
      error: {
        code: 'network-error',
        details: { operation: 'DeleteMessageBatch', reason: 'DEPTH_ZERO_SELF_SIGNED_CERT' },
        outcome: 'rejected',
        retryable: false,
      },
    },
  ]);
  const trusted = getCACertificates('default');
  setDefaultCACertificates([...trusted, localhostCertificate.cert]);
  await client.prewarm(queue.url, 2);
  expect(await queue.depth()).toEqual({ visible: 0, inFlight: 0, delayed: 0 });
  expect(client.stats().connections).toBe(2);
  setDefaultCACertificates(trusted);
});
