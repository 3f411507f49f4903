import { describe, expect, test, vi } from 'vitest';
import { pooledHandler } from '../src/index.ts';
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
