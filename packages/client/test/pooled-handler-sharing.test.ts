import { createFakeClock } from '@sqskit/testing';
import { describe, expect, test, vi } from 'vitest';
import { createPooledClient, createSqsQueue } from '../src/index.ts';
import { createLeanClient, createLeanQueue } from '../src/lean.ts';
import {
  failure,
  makeHandler,
  poll,
  request,
  server,
  serverForEachTest,
  startSilentServer,
} from './handler-set-up.ts';
import { credentials, region } from './sdk.ts';

serverForEachTest();

describe('handlers that share connections', () => {
  test('end their own requests alone, and the last of them closes the connections', async () => {
    const one = makeHandler();
    const other = one.share();
    server.always({ kind: 'hang' });
    const ended = failure(one.handle(request()));
    const kept = other.handle(request());
    await server.arrival(2);
    one.destroy();
    expect((await ended).cause).toMatchObject({ code: 'closed', outcome: 'unknown' });
    expect((await failure(one.handle(request()))).cause).toMatchObject({
      code: 'closed',
      outcome: 'rejected',
    });
    server.release();
    expect((await kept).response.statusCode).toBe(200);
    expect(other.stats()).toMatchObject({ active: 0, connections: 1 });
    other.destroy();
    await server.quiet();
  });

  test('take the same places, and close by waiting for their own', async () => {
    const one = makeHandler({ maxConnections: 2, maxWaiting: 0 });
    const other = one.share();
    server.always({ kind: 'hang' });
    const all = [one.handle(request()), other.handle(request())];
    expect((await failure(other.handle(request()))).cause.code).toBe('pool-exhausted');
    await server.arrival(2);
    const closing = one.close();
    server.release();
    await Promise.all([...all, closing]);
    expect(other.stats().connections).toBe(2);
    await other.close();
    await server.quiet();
  });

  test('cannot be made of one that is closed, and closing twice counts once', async () => {
    const one = makeHandler();
    const other = one.share();
    one.destroy();
    await one.close();
    one.destroy();
    expect(() => one.share()).toThrow('[closed]');
    server.always(undefined);
    expect((await other.handle(request())).response.statusCode).toBe(200);
    other.destroy();
  });

  test('may be those of clients of the SDK and lean ones; each waits for its own calls when it closes', async () => {
    const handler = makeHandler();
    const { endpoint, queueUrl } = server;
    const pooled = createPooledClient({ handler, region, endpoint, credentials });
    const lean = createLeanClient({ handler, region, endpoint, credentials });
    server.always({ kind: 'hang' });
    const calls = [createSqsQueue(pooled, queueUrl).depth(), createLeanQueue(lean, queueUrl).depth()];
    await server.arrival(2);
    const closing = Promise.all([pooled.close(), lean.close()]);
    server.release();
    expect(await Promise.all(calls)).toMatchObject([{ visible: 3 }, { visible: 3 }]);
    await closing;
    expect(handler.stats()).toMatchObject({ active: 0, connections: 2 });
  });
});

describe('connections made ahead', () => {
  test('serve the requests that come', async () => {
    const handler = makeHandler({ maxConnections: 4 });
    await handler.prewarm(server.queueUrl, 3);
    expect(handler.stats()).toEqual({ active: 0, longPolls: 0, waiting: 0, connections: 3 });
    await vi.waitFor(() => expect(server.openSockets).toBe(3));
    await Promise.all([1, 2, 3, 4].map(() => handler.handle(request())));
    expect(handler.stats().connections).toBe(4);
    expect(server.openSockets).toBe(4);
    await handler.prewarm(server.queueUrl, 100);
    expect(handler.stats().connections).toBe(4);
  });

  test('do not keep the process alive, as idle ones that have served do not', async () => {
    const handler = makeHandler();
    const openSockets = (): number =>
      process.getActiveResourcesInfo().filter((resource) => resource === 'TCPSocketWrap').length;
    await vi.waitFor(() => expect(openSockets()).toBe(0)); // those of other tests are closed
    await handler.prewarm(server.endpoint, 3);
    await vi.waitFor(() => expect(server.openSockets).toBe(3));
    expect(openSockets()).toBe(3); // the server's ends
    server.script({ kind: 'hang' });
    const answered = handler.handle(request());
    await server.arrival(1);
    expect(openSockets()).toBe(4);
    server.release();
    await answered;
  });

  test('are no more than the bound, requests that came meanwhile included', async () => {
    const handler = makeHandler({ maxConnections: 3 });
    const warming = handler.prewarm(server.endpoint, 3);
    await Promise.all([1, 2, 3].map(() => handler.handle(request())));
    await warming;
    await vi.waitFor(() => expect(server.openSockets).toBe(3));
    expect(handler.stats().connections).toBe(3);
  });

  test('close when they are not used in time, when the server ends them, and with the handler', async () => {
    const clock = createFakeClock();
    const handler = makeHandler({ clock, keepAliveMs: 5_000 });
    await handler.prewarm(server.endpoint, 2);
    await clock.advance(5_000);
    await server.quiet();
    await vi.waitFor(() => expect(handler.stats().connections).toBe(0));
    await handler.prewarm(server.endpoint, 2);
    await vi.waitFor(() => expect(server.openSockets).toBe(2));
    server.dropConnections();
    await vi.waitFor(() => expect(handler.stats().connections).toBe(0));
    expect((await handler.handle(poll(1))).response.statusCode).toBe(200);
    await handler.prewarm(server.endpoint, 4);
    handler.destroy();
    await server.quiet();
    await vi.waitFor(() => expect(handler.stats().connections).toBe(0));
    expect(clock.pendingTimers).toBe(0);
  });

  test('was closed in the middle of a request, once it had been there for the time that an idle one is kept', async () => {
    const clock = createFakeClock();
    const handler = makeHandler({ clock, keepAliveMs: 5_000 });
    await handler.prewarm(server.endpoint, 1);
    server.script({ kind: 'hang' });
    const answered = handler.handle(request());
    await server.arrival(1);
    await clock.advance(5_000);
    server.release();
    expect((await answered).response.statusCode).toBe(200);
  });

  test('that cannot be made are told of', async () => {
    const silent = await startSilentServer();
    const handler = makeHandler({ connectTimeoutMs: 50 });
    await expect(handler.prewarm(`https://127.0.0.1:${silent.port}`, 2)).rejects.toMatchObject({
      code: 'timeout',
      details: { operation: 'prewarm', timeoutMs: 50 },
      outcome: 'rejected',
    });
    await vi.waitFor(() => expect(silent.sockets.size).toBe(0));
    silent.server.close();
    await server.stop();
    await expect(handler.prewarm(server.endpoint, 1)).rejects.toMatchObject({ code: 'network-error' });
    await expect(handler.prewarm('nowhere', 1)).rejects.toMatchObject({ code: 'unexpected' });
    handler.destroy();
    await expect(handler.prewarm(server.endpoint, 1)).rejects.toMatchObject({ code: 'closed' });
  });

  test('and are still being made end with the handler', async () => {
    const silent = await startSilentServer();
    const handler = makeHandler();
    const warming = handler.prewarm(`https://127.0.0.1:${silent.port}`, 2);
    const refused = warming.catch((error: unknown) => error);
    await vi.waitFor(() => expect(silent.sockets.size).toBe(2));
    handler.destroy();
    expect(await refused).toMatchObject({ code: 'closed', outcome: 'rejected' });
    await vi.waitFor(() => expect(silent.sockets.size).toBe(0));
    silent.server.close();
  });

  test("are a client's as well, to where its calls go", async () => {
    const awsUrl = 'https://sqs.us-east-1.amazonaws.com/123456789012/orders';
    const options = { region, endpoint: server.endpoint, credentials };
    await using pooled = createPooledClient(options);
    await using lean = createLeanClient(options);
    await Promise.all([pooled.prewarm(awsUrl, 2), lean.prewarm(awsUrl, 3)]);
    expect(pooled.stats().connections).toBe(2);
    expect(lean.stats().connections).toBe(3);
    expect(await createLeanQueue(lean, awsUrl).depth()).toMatchObject({ visible: 3 });
    expect(lean.stats().connections).toBe(3);
  });
});
