import { type FauxqsServer, startFauxqs } from 'fauxqs';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createPooledClient, type QueueUrlOptions, resolveQueueUrl } from '../src/index.ts';
import { createLeanClient, createLeanQueue, resolveLeanQueueUrl } from '../src/lean.ts';
import { type ScriptedServer, startScriptedServer } from './scripted-server.ts';
import { credentials, region } from './sdk.ts';

type Resolve = (queueName: string, options?: QueueUrlOptions) => Promise<string>;

const transports: readonly (readonly [
  string,
  (endpoint: string) => { resolve: Resolve; close(): Promise<void> },
])[] = [
  [
    'of the SDK',
    (endpoint) => {
      const client = createPooledClient({ region, endpoint, credentials });
      return { resolve: (...given) => resolveQueueUrl(client, ...given), close: () => client.close() };
    },
  ],
  [
    'of its own',
    (endpoint) => {
      const client = createLeanClient({ region, endpoint, credentials });
      return { resolve: (...given) => resolveLeanQueueUrl(client, ...given), close: () => client.close() };
    },
  ],
];

describe.each(transports)("a queue's URL, over a client %s", (_, connect) => {
  let server: ScriptedServer;
  let resolve: Resolve;
  const url = (name: string): string => `https://sqs.us-east-1.amazonaws.com/123456789012/${name}`;
  const answer = (name: string) => ({ kind: 'json', body: { QueueUrl: url(name) } }) as const;

  beforeEach(async () => {
    server = await startScriptedServer();
    const client = connect(server.endpoint);
    resolve = client.resolve;
    return async () => {
      await client.close();
      await server.stop();
    };
  });

  test('is asked for once, however many want to know it', async () => {
    server.script(answer('orders'));
    expect(await Promise.all([resolve('orders'), resolve('orders')])).toEqual([url('orders'), url('orders')]);
    expect(await resolve('orders')).toBe(url('orders'));
    expect(server.calls.map(({ action, input }) => ({ action, input }))).toEqual([
      { action: 'GetQueueUrl', input: { QueueName: 'orders' } },
    ]);
  });

  test('is another for another name, and for another account', async () => {
    server.script(answer('orders'), answer('other'), answer('theirs'));
    expect(await resolve('orders')).toBe(url('orders'));
    expect(await resolve('other')).toBe(url('other'));
    expect(await resolve('orders', { accountId: '210987654321' })).toBe(url('theirs'));
    expect(server.calls.at(-1)?.input).toEqual({
      QueueName: 'orders',
      QueueOwnerAWSAccountId: '210987654321',
    });
  });

  test('that cannot be had is asked for again', async () => {
    server.script(
      { kind: 'error', status: 400, type: 'com.amazonaws.sqs#QueueDoesNotExist' },
      { kind: 'json', body: {} },
    );
    server.script(answer('orders'));
    const both = await Promise.allSettled([resolve('orders'), resolve('orders')]);
    expect(both).toMatchObject([1, 2].map(() => ({ status: 'rejected', reason: { code: 'queue-missing' } })));
    await expect(resolve('orders')).rejects.toMatchObject({ code: 'response-invalid' });
    expect(await resolve('orders')).toBe(url('orders'));
  });

  test('is still found for the others when one of those who wait gives up', async () => {
    server.script({ kind: 'hang' });
    server.always(answer('orders'));
    const controller = new AbortController();
    const aborted = resolve('orders', { signal: controller.signal });
    const kept = resolve('orders');
    await server.arrival(1);
    controller.abort('enough');
    await expect(aborted).rejects.toMatchObject({ code: 'aborted', cause: 'enough' });
    await expect(resolve('orders', { signal: controller.signal })).rejects.toMatchObject({ code: 'aborted' });
    server.release();
    await expect(kept).rejects.toMatchObject({ code: 'response-invalid' }); // what the server says of a call it does not know
    expect(server.calls).toHaveLength(1);
  });
});

describe('on fauxqs', () => {
  let fauxqs: FauxqsServer;

  beforeEach(async () => {
    fauxqs = await startFauxqs({ port: 0, logger: false });
  });

  afterEach(() => fauxqs.stop());

  test('a queue is used by its name', async () => {
    fauxqs.createQueue('orders', { region });
    const endpoint = `http://127.0.0.1:${fauxqs.port}`;
    await using client = createLeanClient({ region, endpoint, credentials });
    const queue = createLeanQueue(client, await resolveLeanQueueUrl(client, 'orders'));
    expect(await queue.sendBatch([{ body: 'a' }])).toMatchObject([{ ok: true }]);
  });
});
