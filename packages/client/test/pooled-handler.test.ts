import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { Readable } from 'node:stream';
import { isQueueError, QueueError } from '@sqskit/core';
import { createFakeClock } from '@sqskit/testing';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import {
  type HandlerRequest,
  type HandlerResponse,
  type PooledHandler,
  type PooledHandlerOptions,
  pooledHandler,
} from '../src/index.ts';
import { type ScriptedServer, startScriptedServer } from './scripted-server.ts';

let server: ScriptedServer;
let handlers: PooledHandler[] = [];

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

function makeHandler(options: PooledHandlerOptions = {}): PooledHandler {
  const handler = pooledHandler(options);
  handlers.push(handler);
  return handler;
}

function request(
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

const poll = (WaitTimeSeconds?: number): HandlerRequest => request('ReceiveMessage', { WaitTimeSeconds });

type Answered = Promise<{ response: HandlerResponse }>;

/** The error of a request, which must fail, and the `QueueError` that is its cause. */
async function failure(answered: Answered): Promise<{ readonly error: Error; readonly cause: QueueError }> {
  const error: unknown = await answered.then(
    () => expect.unreachable('the request was answered'),
    (reason: unknown) => reason,
  );
  if (!(error instanceof Error) || !isQueueError(error.cause)) {
    throw error;
  }
  return { error, cause: error.cause };
}

function text(body: unknown): string {
  if (!(body instanceof Uint8Array)) {
    throw new TypeError('the body is not bytes');
  }
  return Buffer.from(body).toString();
}

/** A server that takes connections and never says anything: behind `https:`, one to which no connection is ever made. */
async function startSilentServer(): Promise<{
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

describe('connections', () => {
  test('one connection serves request after request', async () => {
    const handler = makeHandler();
    let sockets = 0;
    for (let n = 0; n < 50; n++) {
      await handler.handle(request());
      sockets = Math.max(sockets, server.openSockets);
    }
    expect(sockets).toBe(1);
    expect(handler.stats()).toEqual({ active: 0, longPolls: 0, waiting: 0, connections: 1 });
  });

  test('there are 50 to an origin unless said otherwise, and what has none waits its turn', async () => {
    const handler = makeHandler();
    server.always({ kind: 'hang' });
    const all = Array.from({ length: 120 }, (_, n) => handler.handle(request('DeleteMessageBatch', { n })));
    await server.arrival(50);
    expect(server.openSockets).toBe(50);
    expect(handler.stats()).toEqual({ active: 50, longPolls: 0, waiting: 70, connections: 50 });
    server.always(undefined);
    server.release();
    await Promise.all(all);
    expect(server.openSockets).toBe(50);
    expect(server.calls.map(({ input }) => input['n'])).toEqual(Array.from({ length: 120 }, (_, n) => n));
  });

  test('each origin has its own', async () => {
    const handler = makeHandler({ maxConnections: 2 });
    const other = await startScriptedServer();
    server.always({ kind: 'hang' });
    const stuck = [1, 2, 3].map(() => failure(handler.handle(request())));
    await server.arrival(2);
    await handler.handle(request('DeleteMessageBatch', {}, other.endpoint));
    expect(handler.stats()).toEqual({ active: 2, longPolls: 0, waiting: 1, connections: 3 });
    handler.destroy();
    await Promise.all(stuck);
    await other.stop();
  });

  test('the last one used is used first, and one that the server closes is forgotten', async () => {
    const handler = makeHandler();
    await Promise.all([handler.handle(request()), handler.handle(request()), handler.handle(request())]);
    expect(handler.stats().connections).toBe(3);
    server.closeIdle();
    await server.quiet();
    await vi.waitFor(() => expect(handler.stats().connections).toBe(0));
    await handler.handle(request());
    expect(handler.stats().connections).toBe(1);
  });

  test('an idle one is closed after keepAliveMs', async () => {
    const handler = makeHandler({ keepAliveMs: 50 });
    await handler.handle(request());
    await server.quiet();
    expect((await handler.handle(request())).response.statusCode).toBe(200);
  });
});

describe('waiting', () => {
  test('beyond maxWaiting a request fails at once as pool-exhausted, certainly not sent', async () => {
    const handler = makeHandler({ maxConnections: 2, maxWaiting: 1 });
    server.always({ kind: 'hang' });
    const admitted = [1, 2, 3].map(() => handler.handle(request()));
    const { error, cause } = await failure(handler.handle(request()));
    expect(error.name).toBe('TimeoutError'); // which every version of the SDK repeats
    expect(cause).toMatchObject({
      code: 'pool-exhausted',
      details: { maxConnections: 2, maxWaiting: 1 },
      outcome: 'rejected',
      retryable: true,
    });
    await server.arrival(2);
    server.always(undefined);
    server.release();
    await Promise.all(admitted);
    expect(server.calls).toHaveLength(3);
  });

  test('0 waiting places are allowed', async () => {
    const handler = makeHandler({ maxConnections: 2, maxWaiting: 0 });
    const admitted = [1, 2].map(() => handler.handle(request()));
    expect((await failure(handler.handle(request()))).cause.code).toBe('pool-exhausted');
    await Promise.all(admitted);
  });

  test('long polls leave connections to sends and deletes', async () => {
    const handler = makeHandler({ maxConnections: 5 });
    server.script(...Array.from({ length: 4 }, () => ({ kind: 'hang' }) as const));
    const polls = Array.from({ length: 10 }, () => handler.handle(poll(20)));
    await server.arrival(4);
    expect(handler.stats()).toMatchObject({ active: 4, longPolls: 4, waiting: 6 });
    await handler.handle(request());
    await handler.handle(poll(0)); // a short poll is answered at once, and goes with them
    server.release();
    await Promise.all(polls);
  });

  test('a receive that does not say how long it waits may wait as long as the queue is set to', async () => {
    const handler = makeHandler({ maxConnections: 5, maxLongPolls: 1 });
    server.always({ kind: 'hang' });
    const polls = [
      handler.handle(poll()),
      handler.handle({ ...poll(3), body: Buffer.from('{"WaitTimeSeconds": 3}') }),
    ];
    await server.arrival(1);
    expect(handler.stats()).toMatchObject({ longPolls: 1, waiting: 1 });
    server.always(undefined);
    server.release();
    await Promise.all(polls);
  });

  test('sends do not starve long polls either: the oldest that may go goes', async () => {
    const handler = makeHandler({ maxConnections: 2 });
    server.script({ kind: 'hang' }, { kind: 'hang' });
    const all = [request(), request(), request(), poll(20), request()].map((one) => handler.handle(one));
    await server.arrival(2);
    server.release();
    await Promise.all(all);
    expect(server.calls.map(({ action }) => action)).toEqual([
      'DeleteMessageBatch',
      'DeleteMessageBatch',
      'DeleteMessageBatch',
      'ReceiveMessage',
      'DeleteMessageBatch',
    ]);
  });
});

describe('time-outs', () => {
  test('a request without an answer is ended, its outcome is unknown and its connection closed', async () => {
    const clock = createFakeClock();
    const handler = makeHandler({ clock });
    server.script({ kind: 'hang' });
    const answered = failure(handler.handle(request()));
    await server.arrival(1);
    await clock.advance(9_999);
    expect(handler.stats()).toMatchObject({ active: 1, connections: 1 });
    await clock.advance(1);
    const { error, cause } = await answered;
    expect(error.name).toBe('TimeoutError');
    expect(cause).toMatchObject({
      code: 'timeout',
      details: { operation: 'DeleteMessageBatch', timeoutMs: 10_000 },
      outcome: 'unknown',
      retryable: true,
    });
    await server.quiet();
    await vi.waitFor(() => expect(handler.stats()).toMatchObject({ active: 0, connections: 0 }));
    expect(clock.pendingTimers).toBe(0);
  });

  test('the wait of a long poll comes on top', async () => {
    const clock = createFakeClock();
    const handler = makeHandler({ clock });
    server.script({ kind: 'hang' });
    const answered = failure(handler.handle(poll(20)));
    await server.arrival(1);
    await clock.advance(29_999);
    expect(handler.stats().longPolls).toBe(1);
    await clock.advance(1);
    expect((await answered).cause.details).toEqual({ operation: 'ReceiveMessage', timeoutMs: 30_000 });
  });

  test('the wait for a connection counts, and ends with nothing sent', async () => {
    const clock = createFakeClock();
    const handler = makeHandler({ clock, maxConnections: 2 });
    server.always({ kind: 'hang' });
    const under = [1, 2].map(() => handler.handle(request(), { requestTimeout: 0 }));
    const waiting = failure(handler.handle(request()));
    await server.arrival(2);
    await clock.advance(10_000);
    expect((await waiting).cause).toMatchObject({ code: 'timeout', outcome: 'rejected' });
    expect(handler.stats()).toMatchObject({ active: 2, waiting: 0 });
    server.release();
    await Promise.all(under);
    expect(server.calls).toHaveLength(2);
  });

  test("the SDK's own requestTimeout of a call takes the place of the handler's, and 0 is none", async () => {
    const clock = createFakeClock();
    const handler = makeHandler({ clock });
    server.always({ kind: 'hang' });
    const short = failure(handler.handle(request(), { requestTimeout: 7 }));
    const endless = handler.handle(request(), { requestTimeout: 0 });
    await server.arrival(2);
    await clock.advance(7);
    expect((await short).cause.details).toMatchObject({ timeoutMs: 7 });
    await clock.advance(1_000_000);
    server.release();
    expect((await endless).response.statusCode).toBe(200);
  });

  test('a connection that is not made in time fails the request, certainly not sent, and is let go', async () => {
    const silent = await startSilentServer();
    const handler = makeHandler({ connectTimeoutMs: 50 });
    const answered = failure(
      handler.handle(request('DeleteMessageBatch', {}, `https://127.0.0.1:${silent.port}`)),
    );
    expect((await answered).cause).toMatchObject({
      code: 'timeout',
      details: { operation: 'DeleteMessageBatch', timeoutMs: 50 },
      outcome: 'rejected',
      retryable: true,
    });
    expect(handler.stats()).toEqual({ active: 0, longPolls: 0, waiting: 0, connections: 0 });
    await vi.waitFor(() => expect(silent.sockets.size).toBe(0));
    silent.server.close();
  });

  test('a request whose time is up while its connection is being made ends that too', async () => {
    const silent = await startSilentServer();
    const clock = createFakeClock();
    const handler = makeHandler({ clock });
    const answered = failure(
      handler.handle(request('DeleteMessageBatch', {}, `https://127.0.0.1:${silent.port}`), {
        requestTimeout: 20,
      }),
    );
    await vi.waitFor(() => expect(silent.sockets.size).toBe(1));
    await clock.advance(20);
    expect((await answered).cause).toMatchObject({
      code: 'timeout',
      details: { timeoutMs: 20 },
      outcome: 'rejected',
    });
    expect(handler.stats()).toEqual({ active: 0, longPolls: 0, waiting: 0, connections: 0 });
    await vi.waitFor(() => expect(silent.sockets.size).toBe(0));
    expect(clock.pendingTimers).toBe(0);
    silent.server.close();
  });
});

describe('failures', () => {
  test('nobody listening: certainly not sent', async () => {
    await server.stop();
    expect((await failure(makeHandler().handle(request()))).cause).toMatchObject({
      code: 'network-error',
      details: { reason: 'ECONNREFUSED' },
      outcome: 'rejected',
      retryable: true,
    });
  });

  test('a connection that ends after the request was written: outcome unknown', async () => {
    const handler = makeHandler();
    server.script({ kind: 'reset' }, { kind: 'half' });
    expect((await failure(handler.handle(request()))).cause).toMatchObject({
      outcome: 'unknown',
      retryable: true,
    });
    expect((await failure(handler.handle(request()))).cause).toMatchObject({
      outcome: 'unknown',
      retryable: true,
    });
    expect((await handler.handle(request())).response.statusCode).toBe(200);
  });

  test('what HTTP does not allow is refused as it is, and not worth repeating', async () => {
    const wrong = { ...request(), headers: { 'x-bad': 'line\nbreak' } };
    expect((await failure(makeHandler().handle(wrong))).cause).toMatchObject({
      code: 'unexpected',
      outcome: 'rejected',
      retryable: false,
    });
  });
});

describe('aborts', () => {
  test('of a request under way: outcome unknown, the connection is closed, the reason is kept', async () => {
    const handler = makeHandler();
    server.script({ kind: 'hang' });
    const controller = new AbortController();
    const answered = failure(handler.handle(request(), { abortSignal: controller.signal }));
    await server.arrival(1);
    controller.abort('enough');
    const { error, cause } = await answered;
    expect(error.name).toBe('AbortError');
    expect(cause).toMatchObject({ code: 'aborted', outcome: 'unknown', cause: 'enough' });
    await server.quiet();
  });

  test('of a request that waits, or is not begun: certainly not sent', async () => {
    const handler = makeHandler({ maxConnections: 2 });
    server.always({ kind: 'hang' });
    const held = [1, 2].map(() => handler.handle(request()));
    const controller = new AbortController();
    const waiting = failure(handler.handle(request(), { abortSignal: controller.signal }));
    expect(handler.stats().waiting).toBe(1);
    controller.abort();
    expect((await waiting).cause).toMatchObject({ code: 'aborted', outcome: 'rejected' });
    expect(handler.stats().waiting).toBe(0);
    const late = failure(handler.handle(request(), { abortSignal: controller.signal }));
    expect((await late).cause).toMatchObject({ code: 'aborted', outcome: 'rejected' });
    await server.arrival(2);
    server.release();
    await Promise.all(held);
    expect(server.calls).toHaveLength(2);
  });

  test('while the connection is being made: nothing is sent, and the next request has the place', async () => {
    const handler = makeHandler({ maxConnections: 2, maxLongPolls: 1 });
    const controller = new AbortController();
    const aborted = failure(handler.handle(poll(20), { abortSignal: controller.signal }));
    controller.abort();
    expect((await aborted).cause).toMatchObject({ code: 'aborted', outcome: 'rejected' });
    expect(handler.stats().active).toBe(0);
    await handler.handle(poll(20));
    expect(server.calls).toHaveLength(1);
    await vi.waitFor(() => expect(server.openSockets).toBe(1));
  });

  test('1,000 aborted requests leave no open socket, nor a warning of a leak', async () => {
    const warnings: Error[] = [];
    const onWarning = (warning: Error): number => warnings.push(warning);
    process.on('warning', onWarning);
    const handler = makeHandler();
    server.always({ kind: 'hang' });
    const controller = new AbortController();
    const all = Array.from({ length: 1_000 }, () =>
      failure(handler.handle(request(), { abortSignal: controller.signal })),
    );
    await server.arrival(50);
    controller.abort();
    const outcomes = (await Promise.all(all)).map(({ cause }) => cause.outcome);
    expect(outcomes.filter((outcome) => outcome === 'unknown')).toHaveLength(50);
    expect(outcomes.filter((outcome) => outcome === 'rejected')).toHaveLength(950);
    await server.quiet();
    await vi.waitFor(() =>
      expect(handler.stats()).toEqual({ active: 0, longPolls: 0, waiting: 0, connections: 0 }),
    );
    server.always(undefined);
    expect((await handler.handle(request())).response.statusCode).toBe(200);
    expect(warnings).toEqual([]);
    process.off('warning', onWarning);
  });

  test("by the SDK's old AbortController, which knows onabort alone", async () => {
    const handler = makeHandler();
    const oldSignal = { aborted: false, onabort: null as unknown };
    server.always({ kind: 'hang' });
    const both = [1, 2].map(() => failure(handler.handle(request(), { abortSignal: oldSignal })));
    await server.arrival(2);
    oldSignal.aborted = true;
    if (typeof oldSignal.onabort === 'function') {
      oldSignal.onabort();
    }
    for (const { cause } of await Promise.all(both)) {
      expect(cause).toMatchObject({ code: 'aborted', outcome: 'unknown' });
    }
  });
});

describe('the end', () => {
  test('destroy ends every request at once: written, connecting and waiting', async () => {
    const silent = await startSilentServer();
    const handler = makeHandler({ maxConnections: 2 });
    server.always({ kind: 'hang' });
    const written = [1, 2].map(() => failure(handler.handle(request())));
    const waiting = failure(handler.handle(request()));
    const connecting = failure(
      handler.handle(request('DeleteMessageBatch', {}, `https://127.0.0.1:${silent.port}`)),
    );
    await server.arrival(2);
    handler.destroy();
    for (const { cause } of await Promise.all(written)) {
      expect(cause).toMatchObject({ code: 'closed', outcome: 'unknown', retryable: false });
    }
    expect((await waiting).cause).toMatchObject({ code: 'closed', outcome: 'rejected' });
    expect((await connecting).cause).toMatchObject({ code: 'closed', outcome: 'rejected' });
    await server.quiet();
    expect((await failure(handler.handle(request()))).cause).toMatchObject({
      code: 'closed',
      outcome: 'rejected',
    });
    await vi.waitFor(() =>
      expect(handler.stats()).toEqual({ active: 0, longPolls: 0, waiting: 0, connections: 0 }),
    );
    await vi.waitFor(() => expect(silent.sockets.size).toBe(0));
    silent.server.close();
  });

  test('close lets what is under way or waiting end, and is idempotent', async () => {
    const handler = makeHandler({ maxConnections: 2 });
    server.script({ kind: 'hang' }, { kind: 'hang' });
    const all = [1, 2, 3].map(() => handler.handle(request()));
    await server.arrival(2);
    const closing = handler.close();
    expect(handler.close()).toBe(closing);
    expect((await failure(handler.handle(request()))).cause.code).toBe('closed');
    server.release();
    await Promise.all(all);
    await closing;
    await server.quiet();
    expect(handler.stats()).toEqual({ active: 0, longPolls: 0, waiting: 0, connections: 0 });
  });

  test('destroy ends a close that takes too long', async () => {
    const handler = makeHandler();
    server.script({ kind: 'hang' });
    const stuck = failure(handler.handle(request()));
    await server.arrival(1);
    const closing = handler.close();
    handler.destroy();
    expect((await stuck).cause.code).toBe('closed');
    await closing;
  });

  test('await using closes it', async () => {
    {
      await using handler = pooledHandler();
      await handler.handle(request());
    }
    await server.quiet();
    expect(server.calls).toHaveLength(1);
  });
});

describe('what the SDK expects of a handler', () => {
  test('an answer of the JSON protocol comes as bytes, any other as a stream', async () => {
    const handler = makeHandler();
    server.script({ kind: 'json', body: { a: 1 } }, { kind: 'text', status: 404, body: 'not here' });
    const { response } = await handler.handle(request());
    expect(response).toMatchObject({ statusCode: 200, reason: 'OK' });
    expect(response.headers['x-amzn-requestid']).toBe('scripted-request');
    expect(text(response.body)).toBe('{"a":1}');
    const other = (await handler.handle(request())).response;
    expect(other.statusCode).toBe(404);
    const chunks: Buffer[] = [];
    for await (const chunk of other.body as AsyncIterable<Buffer>) {
      chunks.push(chunk);
    }
    expect(Buffer.concat(chunks).toString()).toBe('not here');
  });

  test('a large answer arrives whole', async () => {
    const body = { text: 'é'.repeat(500_000) };
    server.script({ kind: 'json', body });
    expect(JSON.parse(text((await makeHandler().handle(request())).response.body))).toEqual(body);
  });

  test('path and query go out as the signer escaped them', async () => {
    const query = { list: ['a b', "c'd"], none: null, 'sp ace': 'é' };
    await makeHandler().handle({ ...request(), path: '/a%20b', query });
    expect(server.calls[0]?.url).toBe('/a%20b?list=a%20b&list=c%27d&none&sp%20ace=%C3%A9');
  });

  test('Expect, which undici does not know, is left out; other headers go out as they are', async () => {
    const headers = { ...request().headers, Expect: '100-continue', 'x-mine': 'kept' };
    await makeHandler().handle({ ...request(), headers });
    expect(server.calls[0]?.headers).toMatchObject({ 'x-mine': 'kept', connection: 'keep-alive' });
    expect(server.calls[0]?.headers).not.toHaveProperty('expect');
  });

  test('a request without a body, and one with a stream, go out', async () => {
    const { body: _, ...bare } = request();
    await makeHandler().handle({ ...bare, body: Readable.from(['{"from":', '"a stream"}']) });
    expect(server.calls[0]?.input).toEqual({ from: 'a stream' });
    server.script({ kind: 'json', body: {} });
    expect((await makeHandler().handle({ ...bare, method: 'GET' })).response.statusCode).toBe(200);
  });

  test('it names its protocol and its options, and takes changes for the requests that follow', async () => {
    const clock = createFakeClock();
    const handler = makeHandler({ clock });
    expect(handler.metadata).toEqual({ handlerProtocol: 'http/1.1' });
    handler.updateHttpClientConfig('requestTimeoutMs', 5);
    handler.updateHttpClientConfig(Symbol.for('logger'), console); // the SDK's own hints go by symbols
    expect(handler.httpHandlerConfigs()).toMatchObject({ requestTimeoutMs: 5, maxConnections: 50 });
    server.script({ kind: 'hang' });
    const answered = failure(handler.handle(request()));
    await server.arrival(1);
    await clock.advance(5);
    expect((await answered).cause.code).toBe('timeout');
    expect(() => handler.updateHttpClientConfig('requestTimeoutMs', 0)).toThrow(QueueError);
  });
});

describe('options', () => {
  test.each([
    [{ maxConnections: 1 }, 'maxConnections'],
    [{ maxConnections: 10, maxLongPolls: 10 }, 'maxLongPolls'],
    [{ maxLongPolls: 0 }, 'maxLongPolls'],
    [{ requestTimeoutMs: 0 }, 'requestTimeoutMs'],
    [{ connectTimeoutMs: 1.5 }, 'connectTimeoutMs'],
    [{ maxSockets: 5 }, 'maxSockets'],
  ])('%o is refused, and the option named', (options: object, option) => {
    expect(() => pooledHandler(options)).toThrow(
      expect.objectContaining({ code: 'option-invalid', details: expect.objectContaining({ option }) }),
    );
  });
});
