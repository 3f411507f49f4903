import { inspect } from 'node:util';
import { SQSClient } from '@aws-sdk/client-sqs';
import type { Queue } from '@sqskit/core';
import { createFakeClock, type FakeClock } from '@sqskit/testing';
import { SQSClient as OldSQSClient } from 'client-sqs-oldest';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import {
  type Credentials,
  createLeanClient,
  createLeanQueue,
  type LeanClient,
  type LeanClientOptions,
  pooledHandler,
} from '../src/lean.ts';
import { type ScriptedServer, startScriptedServer } from './scripted-server.ts';
import { credentials, region } from './sdk.ts';

let server: ScriptedServer;
let clients: LeanClient[] = [];

beforeEach(async () => {
  server = await startScriptedServer();
});

afterEach(async () => {
  await Promise.all(clients.map((client) => client.close()));
  clients = [];
  await server.stop();
});

function makeClient(options: LeanClientOptions = {}): LeanClient {
  const client = createLeanClient({ endpoint: server.endpoint, region, credentials, ...options });
  clients.push(client);
  return client;
}

const queueOf = (options?: LeanClientOptions): Queue => createLeanQueue(makeClient(options), server.queueUrl);
const authorization = (call = -1): string | undefined => server.calls.at(call)?.headers.authorization;

describe('a call', () => {
  test('carries what the JSON protocol asks for, signed, and nothing else', async () => {
    await queueOf({ credentials: { ...credentials, sessionToken: 'token' } }).deleteBatch(['handle']);
    const [call] = server.calls;
    expect(call?.input).toEqual({
      QueueUrl: server.queueUrl,
      Entries: [{ Id: '0', ReceiptHandle: 'handle' }],
    });
    expect(call?.headers).toEqual({
      host: new URL(server.endpoint).host,
      connection: 'keep-alive',
      'content-type': 'application/x-amz-json-1.0',
      'content-length': expect.stringMatching(/^\d+$/),
      'x-amz-target': 'AmazonSQS.DeleteMessageBatch',
      'x-amz-date': expect.stringMatching(/^\d{8}T\d{6}Z$/),
      'x-amz-security-token': 'token',
      authorization: expect.stringMatching(
        /^AWS4-HMAC-SHA256 Credential=test\/\d{8}\/us-east-1\/sqs\/aws4_request, SignedHeaders=content-type;host;x-amz-date;x-amz-security-token;x-amz-target, Signature=[0-9a-f]{64}$/,
      ),
      'user-agent': 'sqskit',
    });
  });

  test('may be any of the API', async () => {
    const url = { QueueUrl: 'https://sqs.us-east-1.amazonaws.com/123456789012/orders' };
    server.script({ kind: 'json', body: url });
    expect(await makeClient().call('GetQueueUrl', { QueueName: 'orders' })).toMatchObject(url);
    expect(server.calls[0]).toMatchObject({ action: 'GetQueueUrl', input: { QueueName: 'orders' } });
  });

  test('that is answered with nothing resolves with nothing', async () => {
    server.script({ kind: 'text', status: 200, body: '' });
    expect(await makeClient().call('PurgeQueue', { QueueUrl: server.queueUrl })).toMatchObject({});
  });

  test.each([['[1]'], ['"text"'], ['null']])(
    'that is answered with %s is a failure of unknown outcome',
    async (body) => {
      server.script({ kind: 'text', status: 200, body });
      await expect(queueOf().depth()).rejects.toMatchObject({ code: 'response-invalid', outcome: 'unknown' });
    },
  );

  test.each([
    [{ __type: 'com.amazonaws.sqs#OverLimit', message: 'm' }, 'OverLimit', 'm'],
    [{ __type: 'OverLimit:http://internal.amazon.com/', Message: 'm' }, 'OverLimit', 'm'],
    [{ code: 'Surprise' }, 'Surprise', ''],
    [{}, 'UnknownError', ''],
    [[], 'UnknownError', ''],
  ])('that fails with %j is told as %s', async (body, awsCode, text) => {
    server.script({ kind: 'json', status: 400, body });
    await expect(queueOf().depth()).rejects.toMatchObject({
      details: { operation: 'GetQueueAttributes', awsCode, httpStatus: 400, requestId: 'scripted-request' },
      message: expect.stringMatching(new RegExp(`failed with ${awsCode}${text === '' ? '$' : `: ${text}$`}`)),
    });
  });

  test('that fails for its receipt handle does not show it', async () => {
    const text = 'The input receipt handle "AQEB+a/b= c" is not a valid receipt handle.';
    server.script({
      kind: 'json',
      status: 400,
      body: { __type: 'com.amazonaws.sqs#ReceiptHandleIsInvalid', message: text },
    });
    const [outcome] = await queueOf().deleteBatch(['AQEB+a/b= c']);
    expect(outcome).toMatchObject({ ok: false, error: { code: 'receipt-handle-invalid' } });
    expect(inspect(outcome, { depth: 9 })).not.toContain('AQEB');
  });

  test('on a closed client is refused, and close waits for none but its own', async () => {
    const handler = pooledHandler();
    const client = makeClient({ handler });
    await client.close();
    await expect(client.call('ListQueues', {})).rejects.toMatchObject({
      code: 'closed',
      outcome: 'rejected',
    });
    expect(await createLeanQueue(makeClient({ handler }), server.queueUrl).depth()).toMatchObject({
      visible: 3,
    });
    expect(handler.stats().connections).toBe(1);
    handler.destroy();
  });
});

describe('bodies', () => {
  test('that SQS took another MD5 of: the entry is unknown, and the others are sent', async () => {
    const accepted = { Id: '0', MessageId: 'm-0', MD5OfMessageBody: '0cc175b9c0f1b6a831c399e269772661' };
    server.script({
      kind: 'json',
      body: {
        Successful: [accepted, { ...accepted, Id: '1', MessageId: 'm-1' }, { Id: '2', MessageId: 'm-2' }],
      },
    });
    const unknown = { ok: false, error: { code: 'response-invalid', outcome: 'unknown', retryable: true } };
    expect(await queueOf().sendBatch([{ body: 'a' }, { body: 'b' }, { body: 'a' }])).toMatchObject([
      { ok: true, messageId: 'm-0' },
      unknown,
      unknown,
    ]);
  });

  test('that arrived damaged are left to come again, and the logger told; the others are received', async () => {
    const warn = vi.fn<(text: string) => void>();
    const logger = { debug: () => undefined, warn, error: () => undefined };
    const message = { ReceiptHandle: 'h', Body: 'a', MD5OfBody: '0cc175b9c0f1b6a831c399e269772661' };
    server.script({
      kind: 'json',
      body: {
        Messages: [
          { ...message, MessageId: 'm-0', Body: 'A' },
          { ...message, MessageId: 'm-1' },
        ],
      },
    });
    const queue = createLeanQueue(makeClient(), server.queueUrl, { logger });
    expect(await queue.receive({ maxMessages: 2, waitTimeMs: 0 })).toMatchObject([{ messageId: 'm-1' }]);
    expect(warn).toHaveBeenCalledExactlyOnceWith(
      'a message whose body arrived damaged was left to come again',
      expect.anything(),
    );
  });
});

describe('credentials', () => {
  let clock: FakeClock;
  beforeEach(() => {
    clock = createFakeClock();
  });

  const minute = 60_000;

  /** A provider whose credentials are good for an hour; it counts. */
  function provider(): { readonly asked: (object | undefined)[]; (options?: object): Promise<Credentials> } {
    const asked: (object | undefined)[] = [];
    const provide = async (options?: object): Promise<Credentials> => {
      asked.push(options);
      return {
        accessKeyId: `KEY${asked.length}`,
        secretAccessKey: 'secret',
        expiration: new Date(clock.now() + 60 * minute),
      };
    };
    return Object.assign(provide, { asked });
  }

  test('are asked for once, however many calls wait for them', async () => {
    const provide = provider();
    const queue = queueOf({ credentials: provide, clock });
    await Promise.all([queue.depth(), queue.depth(), queue.depth()]);
    expect(provide.asked).toHaveLength(1);
  });

  test('are renewed in the background from five minutes before they expire', async () => {
    const provide = provider();
    const queue = queueOf({ credentials: provide, clock });
    await queue.depth();
    await clock.advance(54 * minute);
    await queue.depth();
    expect(provide.asked).toHaveLength(1);
    await clock.advance(minute + 1);
    await queue.depth();
    expect(provide.asked).toHaveLength(2);
    expect(authorization()).toContain('KEY1');
    await queue.depth();
    expect(authorization()).toContain('KEY2');
    expect(provide.asked).toHaveLength(2);
  });

  test('that cannot be renewed are used until they expire; then the call fails, and the next asks again', async () => {
    const good = provider();
    let failing = false;
    let failures = 0;
    const provide = (): Promise<Credentials> =>
      failing ? Promise.reject(new Error(`no ${failures++}`)) : good();
    const queue = queueOf({ credentials: provide, clock });
    await queue.depth();
    failing = true;
    await clock.advance(56 * minute);
    await queue.depth();
    await queue.depth();
    expect(failures).toBe(1); // not at every call
    await clock.advance(4 * minute);
    await expect(queue.depth()).rejects.toMatchObject({
      code: 'access-denied',
      details: { awsCode: 'CredentialsProviderError' },
      outcome: 'rejected',
      retryable: true,
      cause: expect.objectContaining({ message: 'no 1' }),
    });
    failing = false;
    await queue.depth();
    expect(authorization()).toContain('KEY2');
  });

  test('that SQS calls expired are asked for anew, and not from a cache', async () => {
    const provide = provider();
    const queue = queueOf({ credentials: provide, clock });
    server.script({ kind: 'error', status: 403, type: 'com.amazon.coral.service#ExpiredTokenException' });
    await expect(queue.depth()).rejects.toMatchObject({ code: 'access-denied', retryable: true });
    await queue.depth();
    expect(provide.asked).toEqual([undefined, { forceRefresh: true }]);
    expect(authorization()).toContain('KEY2');
  });

  test('that are none are not sent with, and not shown', async () => {
    const provide = (async () => ({
      accessKeyId: 'A',
      secretAccessKey: 7,
    })) as unknown as () => Promise<Credentials>;
    const error = { code: 'access-denied', outcome: 'rejected', retryable: true };
    expect(await queueOf({ credentials: provide }).deleteBatch(['h'])).toMatchObject([{ ok: false, error }]);
    expect(server.calls).toHaveLength(0);
  });

  test('that do not come: an abort settles the call at once, certainly not sent', async () => {
    const queue = queueOf({ credentials: () => new Promise(() => undefined) });
    const controller = new AbortController();
    const call = queue.sendBatch([{ body: 'a' }], { signal: controller.signal });
    controller.abort('enough');
    const error = { code: 'aborted', outcome: 'rejected', cause: 'enough' };
    expect(await call).toMatchObject([{ ok: false, error }]);
  });
});

describe('a clock that is wrong', () => {
  test('is put right by what the service says, and what failed for it may be repeated', async () => {
    const clock = createFakeClock();
    const queue = queueOf({ clock });
    server.script(
      { kind: 'error', status: 403, type: 'com.amazon.coral.service#InvalidSignatureException' },
      { kind: 'error', status: 403, type: 'com.amazon.coral.service#InvalidSignatureException' },
    );
    await expect(queue.depth()).rejects.toMatchObject({ code: 'access-denied', retryable: true });
    const second = server.calls[0]?.headers['x-amz-date'];
    // The server's clock is the real one, and the fake clock is far from it.
    await expect(queue.depth()).rejects.toMatchObject({ code: 'access-denied', retryable: false });
    const [year, ...rest] = String(server.calls[1]?.headers['x-amz-date']);
    expect(`${year}${rest.join('')}`.slice(0, 8)).toBe(
      new Date().toISOString().slice(0, 10).replaceAll('-', ''),
    );
    expect(second).not.toBe(server.calls[1]?.headers['x-amz-date']);
  });
});

describe('where calls go', () => {
  const url = 'https://sqs.eu-west-1.amazonaws.com/123456789012/orders';

  test.each([
    ['https://sqs.eu-west-1.amazonaws.com/123456789012/q'],
    ['https://eu-west-1.queue.amazonaws.com/123456789012/q'],
    ['https://vpce-0a1b-2c3d.sqs.eu-west-1.vpce.amazonaws.com/123456789012/q'],
    ['https://sqs.cn-north-1.amazonaws.com.cn/123456789012/q'],
  ])('a client of us-east-1 is refused for %s', async (queueUrl) => {
    const queue = createLeanQueue(createLeanClient({ region, credentials }), queueUrl);
    expect(await queue.deleteBatch(['h'])).toMatchObject([
      {
        ok: false,
        error: { code: 'region-mismatch', details: { clientRegion: region }, outcome: 'rejected' },
      },
    ]);
  });

  test("without a region, each queue's calls are signed for the region that its URL tells", async () => {
    const client = makeClient({ region: undefined });
    await createLeanQueue(client, url).depth();
    await createLeanQueue(client, url.replace('eu-west-1', 'us-west-2')).depth();
    expect([authorization(0), authorization(1)]).toEqual([
      expect.stringContaining('/eu-west-1/sqs/'),
      expect.stringContaining('/us-west-2/sqs/'),
    ]);
    await expect(createLeanQueue(client, server.queueUrl).depth()).rejects.toMatchObject({
      code: 'option-invalid',
      details: { option: 'region' },
      outcome: 'rejected',
    });
  });

  test('a host that no connection can be made to is refused', async () => {
    const client = makeClient({ endpoint: undefined, region: undefined });
    const queue = createLeanQueue(client, 'http://sqs.us-east-1.127.0.0.1:9324/000000000000/q');
    await expect(queue.depth()).rejects.toMatchObject({ code: 'queue-url-invalid', outcome: 'rejected' });
  });
});

describe("an SDK client's configuration", () => {
  const stub = {
    region: async () => region,
    maxAttempts: async () => 1,
    credentials: async () => credentials,
  };

  test.each([
    ['the newest', (config: object) => new SQSClient(config)],
    ['the oldest', (config: object) => new OldSQSClient(config)],
  ])('of %s version gives region, endpoint and credentials', async (_, make) => {
    const sdkClient = make({ region: 'eu-north-1', endpoint: server.endpoint, credentials });
    const client = createLeanClient({ sdkClient });
    clients.push(client);
    await createLeanQueue(client, server.queueUrl).depth();
    expect(authorization()).toContain('Credential=test/');
    expect(authorization()).toContain('/eu-north-1/sqs/');
    sdkClient.destroy();
  });

  test('gives the endpoint that AWS_ENDPOINT_URL_SQS names', async () => {
    vi.stubEnv('AWS_ENDPOINT_URL_SQS', server.endpoint);
    const sdkClient = new SQSClient({ region, credentials });
    const client = createLeanClient({ sdkClient });
    clients.push(client);
    await createLeanQueue(client, 'https://sqs.us-east-1.amazonaws.com/123456789012/orders').depth();
    expect(server.calls).toHaveLength(1);
    vi.unstubAllEnvs();
    sdkClient.destroy();
  });

  test('yields to what is given', async () => {
    const sdkClient = new SQSClient({
      region: 'eu-north-1',
      credentials: { ...credentials, accessKeyId: 'other' },
    });
    await queueOf({ sdkClient }).depth();
    expect(authorization()).toContain('Credential=test/');
    expect(authorization()).toContain('/us-east-1/sqs/');
    sdkClient.destroy();
  });

  test('is asked for once, and again if it failed', async () => {
    let asked = 0;
    const endpoint = async (): Promise<object> => {
      if (asked++ === 0) {
        throw new Error('not now');
      }
      return {
        protocol: 'http:',
        hostname: '127.0.0.1',
        port: Number(new URL(server.endpoint).port),
        path: '/',
      };
    };
    const sdkClient = { config: { ...stub, endpoint }, send: async () => undefined };
    const client = createLeanClient({ sdkClient });
    clients.push(client);
    const queue = createLeanQueue(client, server.queueUrl);
    await expect(queue.depth()).rejects.toMatchObject({
      code: 'unexpected',
      outcome: 'rejected',
      retryable: true,
    });
    await Promise.all([queue.depth(), queue.depth()]);
    await queue.depth();
    expect(asked).toBe(2);
  });
});

describe('options', () => {
  test.each([
    [{ credentials: undefined }, 'credentials'],
    [{ credentials: 'AKIA' }, 'credentials'],
    [{ credentials: {} }, 'credentials'],
    [{ endpoint: 'localhost:9324' }, 'endpoint'],
    [{ useFips: true }, 'useFips'],
    [{ useDualStack: true }, 'useDualStack'],
    [{ handler: { handle() {}, stats() {} } }, 'handler'],
    [{ handler: pooledHandler(), maxConnections: 10 }, 'maxConnections'],
    [{ maxAttempts: 3 }, 'maxAttempts'],
    [{ requestTimeoutMs: 0 }, 'requestTimeoutMs'],
    [{ sdkClient: { config: {}, send: () => undefined }, credentials: undefined }, 'credentials'],
  ])('%o are refused, and the option named', (options: object, option) => {
    expect(() => makeClient(options)).toThrow(
      expect.objectContaining({ code: 'option-invalid', details: expect.objectContaining({ option }) }),
    );
  });

  test('of a queue likewise, and its URL', () => {
    const client = makeClient();
    expect(() => createLeanQueue(client, 'orders')).toThrow('[queue-url-invalid]');
    expect(() => createLeanQueue(client, server.queueUrl, { retries: 1 } as object)).toThrow(
      '[option-invalid]',
    );
  });

  test('maxConnections are told', () => {
    expect(queueOf({ maxConnections: 7 }).maxConnections).toBe(7);
  });
});
