import { describe, expect, test, vi } from 'vitest';
import { failure, makeHandler, poll, request, server, serverForEachTest } from './handler-set-up.ts';
import { startScriptedServer } from './scripted-server.ts';

serverForEachTest();

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
