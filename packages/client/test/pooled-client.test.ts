import { CreateQueueCommand, ReceiveMessageCommand, SendMessageBatchCommand } from '@aws-sdk/client-sqs';
import { afterEach, beforeEach, expect, expectTypeOf, test, vi } from 'vitest';
import { createPooledClient, createSqsQueue, type PooledClientOptions, pooledHandler } from '../src/index.ts';
import { type ScriptedServer, startScriptedServer } from './scripted-server.ts';

const region = 'us-east-1';
const credentials = { accessKeyId: 'test', secretAccessKey: 'test' };

let server: ScriptedServer;

beforeEach(async () => {
  server = await startScriptedServer();
});

afterEach(async () => {
  await server.stop();
});

const clientOf = (options: PooledClientOptions = {}): ReturnType<typeof createPooledClient> =>
  createPooledClient({ region, endpoint: server.endpoint, credentials, ...options });

test('clients of several regions share one handler, which stays open when one of them closes', async () => {
  await using handler = pooledHandler({ maxConnections: 3 });
  const east = clientOf({ handler });
  const west = clientOf({ handler, region: 'us-west-2' });
  await createSqsQueue(east, server.queueUrl).depth();
  await east.close();
  await expect(createSqsQueue(east, server.queueUrl).depth()).rejects.toMatchObject({
    code: 'closed',
    details: { what: 'createPooledClient' },
    outcome: 'rejected',
  });
  await createSqsQueue(west, server.queueUrl).depth();
  expect(server.calls.map(({ headers }) => headers.authorization?.match(/us-(?:east|west)-\d/)?.[0])).toEqual(
    ['us-east-1', 'us-west-2'],
  );
  expect(west.stats()).toEqual(handler.stats());
  expect(handler.stats().connections).toBe(1);
});

test('the options of a handler have no meaning beside a handler that is given, and are refused', async () => {
  await using handler = pooledHandler();
  expect(() => clientOf({ handler, maxConnections: 10 })).toThrow(
    expect.objectContaining({
      code: 'option-invalid',
      details: expect.objectContaining({ option: 'maxConnections' }),
    }),
  );
});

test.each([
  [{ handler: {} }, 'handler'],
  [{ region: '' }, 'region'],
  [{ credentials: 'AKIA' }, 'credentials'],
  [{ maxAttempts: 3 }, 'maxAttempts'],
  [{ requestTimeoutMs: 0 }, 'requestTimeoutMs'],
])('%o is refused, and the option named', (options: object, option) => {
  expect(() => createPooledClient(options)).toThrow(
    expect.objectContaining({ code: 'option-invalid', details: expect.objectContaining({ option }) }),
  );
});

test('what the SDK warns of goes to the logger, and message bodies go nowhere', async () => {
  const said = vi.fn<(...text: unknown[]) => void>();
  await using client = clientOf({ logger: { debug: said, warn: said, error: said }, endpoint: undefined });
  const consoleWarn = vi.spyOn(console, 'warn');
  // Without an endpoint the SDK goes by the host of the queue's URL, and warns of it at every call.
  server.script({ kind: 'error', status: 400, type: 'InvalidMessageContents' });
  await createSqsQueue(client, server.queueUrl).sendBatch([{ body: 'a secret' }]);
  expect(server.calls).toHaveLength(1);
  expect(said).toHaveBeenCalledExactlyOnceWith(
    expect.stringContaining('differs from SQSClient resolved endpoint'),
    undefined,
  );
  expect(JSON.stringify(said.mock.calls)).not.toContain('a secret');
  expect(consoleWarn).not.toHaveBeenCalled();
});

test('each call has its own signal, though the SDK resolves its middleware once', async () => {
  await using client = clientOf();
  server.always({ kind: 'hang' });
  const controllers = [new AbortController(), new AbortController()];
  const QueueUrl = server.queueUrl;
  const calls = controllers.map(({ signal }) =>
    client.send(new SendMessageBatchCommand({ QueueUrl, Entries: [{ Id: '0', MessageBody: 'a' }] }), {
      abortSignal: signal,
    }),
  );
  await server.arrival(2);
  controllers[1]?.abort();
  await expect(calls[1]).rejects.toMatchObject({ name: 'AbortError', cause: { code: 'aborted' } });
  expect(client.stats().active).toBe(1);
  server.release();
  await expect(calls[0]).resolves.toMatchObject({ Successful: [{ Id: '0' }] });
});

test('a command sent again failed at once, because the signal of its earlier send had aborted', async () => {
  await using client = clientOf();
  const command = new ReceiveMessageCommand({ QueueUrl: server.queueUrl });
  const controller = new AbortController();
  await client.send(command, { abortSignal: controller.signal });
  controller.abort();
  await expect(client.send(command)).resolves.toMatchObject({ $metadata: { httpStatusCode: 200 } });
});

test('one command sent twice at once, with two signals, was ended by whichever came last', async () => {
  await using client = clientOf();
  server.always({ kind: 'hang' });
  const command = new ReceiveMessageCommand({ QueueUrl: server.queueUrl });
  const [first, second] = [new AbortController(), new AbortController()];
  const calls = [first, second].map(({ signal }) => client.send(command, { abortSignal: signal }));
  await server.arrival(2);
  second.abort();
  await expect(calls[1]).rejects.toMatchObject({ name: 'AbortError' });
  expect(client.stats().active).toBe(1);
  server.release();
  await expect(calls[0]).resolves.toMatchObject({ $metadata: { httpStatusCode: 200 } });
});

test('the type of what a command results in is known', () => {
  const send = async (): Promise<string | undefined> => {
    const output = await createPooledClient().send(new CreateQueueCommand({ QueueName: 'q' }));
    expectTypeOf(output.QueueUrl).toEqualTypeOf<string | undefined>();
    return output.QueueUrl;
  };
  expectTypeOf(send).returns.resolves.toEqualTypeOf<string | undefined>();
});
