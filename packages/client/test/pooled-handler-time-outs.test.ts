import { createFakeClock } from '@sqskit/testing';
import { describe, expect, test, vi } from 'vitest';
import {
  failure,
  makeHandler,
  poll,
  request,
  server,
  serverForEachTest,
  startSilentServer,
} from './handler-set-up.ts';

serverForEachTest();

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
    const handler = makeHandler();
    for (const wrong of [{ headers: { 'x-bad': 'line\nbreak' } }, { hostname: 'sqs.127.0.0.1' }]) {
      expect((await failure(handler.handle({ ...request(), ...wrong }))).cause).toMatchObject({
        code: 'unexpected',
        outcome: 'rejected',
        retryable: false,
      });
    }
    expect(handler.stats().active).toBe(0);
  });
});
