import type { ErrorCode, FailureOutcome, Queue } from '@sqskit/core';
import { type FauxqsServer, startFauxqs } from 'fauxqs';
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import {
  type Credentials,
  createPooledClient,
  createSqsQueue,
  type PooledClient,
  type PooledHandler,
  pooledHandler,
  type SqsClient,
} from '../src/index.ts';
import { type Answer, acceptedEntry, type ScriptedServer, startScriptedServer } from './scripted-server.ts';

/** The configuration that these tests give to an `SQSClient`, whatever its version. */
interface ClientConfig {
  readonly region: string;
  readonly endpoint?: string;
  readonly maxAttempts: number;
  readonly credentials: Credentials | (() => Promise<Credentials>);
  readonly requestHandler: PooledHandler | DefaultHandlerOptions;
}

/** Options of the SDK's own handler. Without the second, newer versions only warn of the first. */
interface DefaultHandlerOptions {
  readonly requestTimeout: number;
  readonly throwOnRequestTimeout: boolean;
}

/** One version of the SDK. */
export interface Sdk {
  /** As its requests name it in `user-agent`. */
  readonly userAgent: RegExp;
  readonly makeClient: (config: ClientConfig) => SqsClient & { destroy(): void };
  readonly createQueue: (client: PooledClient, name: string) => Promise<string | undefined>;
}

const credentials: Credentials = { accessKeyId: 'test', secretAccessKey: 'test' };
const region = 'us-east-1';
// Long enough for a connection on a busy machine, short enough to wait for.
const shortTimeoutMs = 400;

/** What the tests of a queue need of a client, however it is made. */
interface TestClientConfig {
  readonly endpoint: string | undefined;
  readonly credentials: ClientConfig['credentials'];
  readonly requestTimeoutMs: number;
}

type TestClient = SqsClient & { destroy(): void };

/** What a user sees of one version of the SDK, through `pooledHandler` and through the SDK's own handler. */
export function describeSdk(name: string, sdk: Sdk): void {
  const clientWith =
    (handlerFor: (requestTimeoutMs: number) => ClientConfig['requestHandler']) =>
    ({ endpoint, credentials, requestTimeoutMs }: TestClientConfig): TestClient =>
      sdk.makeClient({
        region,
        credentials,
        maxAttempts: 1,
        requestHandler: handlerFor(requestTimeoutMs),
        ...(endpoint !== undefined && { endpoint }),
      });
  describe(`${name} with pooledHandler`, () => {
    describeQueue(
      sdk,
      clientWith((requestTimeoutMs) => pooledHandler({ requestTimeoutMs })),
    );
    describeRetriesOfTheSdk(sdk);
  });
  describe(`${name} with the SDK's own handler`, () => {
    describeQueue(
      sdk,
      clientWith((requestTimeout) => ({ requestTimeout, throwOnRequestTimeout: true })),
    );
  });
  describe(`${name} from createPooledClient`, () => {
    describeQueue(sdk, (config) => {
      const client = createPooledClient({ region, ...config });
      return Object.assign(client, { destroy: () => void client.close() });
    });
    describePooledClient(sdk);
  });
}

interface Expected {
  readonly code: ErrorCode;
  readonly outcome: FailureOutcome;
  readonly retryable: boolean;
  readonly throttled: boolean;
}

function expected(
  code: ErrorCode,
  outcome: FailureOutcome,
  ...traits: ('retryable' | 'throttled')[]
): Expected {
  return { code, outcome, retryable: traits.includes('retryable'), throttled: traits.includes('throttled') };
}

const wholeCallFailures: readonly (readonly [what: string, answer: Answer, expected: Expected])[] = [
  [
    'RequestThrottled',
    {
      kind: 'error',
      status: 403,
      type: 'com.amazonaws.sqs#RequestThrottled',
      queryError: 'RequestThrottled;Sender',
    },
    expected('throttled', 'rejected', 'retryable', 'throttled'),
  ],
  [
    'KmsThrottled',
    {
      kind: 'error',
      status: 400,
      type: 'com.amazonaws.sqs#KmsThrottled',
      queryError: 'KMS.ThrottlingException;Sender',
    },
    expected('throttled', 'rejected', 'retryable', 'throttled'),
  ],
  [
    'OverLimit',
    { kind: 'error', status: 403, type: 'com.amazonaws.sqs#OverLimit', queryError: 'OverLimit;Sender' },
    expected('in-flight-limit', 'rejected', 'retryable', 'throttled'),
  ],
  [
    'QueueDoesNotExist',
    { kind: 'error', status: 400, type: 'com.amazonaws.sqs#QueueDoesNotExist' },
    expected('queue-missing', 'rejected'),
  ],
  [
    'QueueDoesNotExist in the form of the older protocol',
    {
      kind: 'error',
      status: 400,
      type: 'com.amazonaws.sqs#QueueDoesNotExist',
      queryError: 'AWS.SimpleQueueService.NonExistentQueue;Sender',
    },
    expected('queue-missing', 'rejected'),
  ],
  [
    'an access denied',
    { kind: 'error', status: 403, type: 'com.amazon.coral.service#AccessDeniedException' },
    expected('access-denied', 'rejected'),
  ],
  [
    'a 500',
    { kind: 'error', status: 500, type: 'com.amazonaws.sqs#InternalFailure' },
    expected('service-error', 'unknown', 'retryable'),
  ],
  [
    'a 503',
    { kind: 'error', status: 503, type: 'com.amazonaws.sqs#ServiceUnavailable' },
    expected('service-error', 'rejected', 'retryable'),
  ],
  [
    "a load balancer's 502",
    { kind: 'text', status: 502, body: '<html>bad gateway</html>' },
    expected('service-error', 'unknown', 'retryable'),
  ],
  [
    'a 200 that is not JSON',
    { kind: 'text', status: 200, body: '<html>hello</html>' },
    expected('response-invalid', 'unknown', 'retryable'),
  ],
  [
    'a reset after the request was written',
    { kind: 'reset' },
    expected('network-error', 'unknown', 'retryable'),
  ],
  ['half an answer', { kind: 'half' }, expected('network-error', 'unknown', 'retryable')],
  [
    'bodies that arrived damaged',
    {
      kind: 'json',
      body: { Successful: ['0', '1'].map((Id) => acceptedEntry({ Id, MessageBody: 'damaged' })) },
    },
    expected('response-invalid', 'unknown', 'retryable'),
  ],
];

function describeQueue(sdk: Sdk, clientFrom: (config: TestClientConfig) => TestClient): void {
  let server: ScriptedServer;
  let fauxqs: FauxqsServer;
  let clients: TestClient[] = [];
  const makeClient = (config: Partial<TestClientConfig> = {}): SqsClient => {
    const client = clientFrom({
      endpoint: server.endpoint,
      credentials,
      requestTimeoutMs: 10_000,
      ...config,
    });
    clients.push(client);
    return client;
  };
  let queue: Queue;
  beforeAll(async () => {
    fauxqs = await startFauxqs({ port: 0, logger: false });
  });
  beforeEach(async () => {
    server = await startScriptedServer();
    queue = createSqsQueue(makeClient(), server.queueUrl);
    return async () => {
      for (const client of clients) {
        client.destroy();
      }
      clients = [];
      await server.stop();
    };
  });
  afterAll(async () => {
    await fauxqs.stop();
  });

  test('is the version that it is meant to be', async () => {
    await queue.depth();
    expect(server.calls[0]?.headers['user-agent']).toMatch(sdk.userAgent);
  });

  test('a message is sent, received with all its attributes, kept from others, released and deleted', async () => {
    fauxqs.createQueue('round-trip', { region });
    const url = `http://sqs.${region}.localhost:${fauxqs.port}/000000000000/round-trip`;
    const real = createSqsQueue(makeClient({ endpoint: `http://127.0.0.1:${fauxqs.port}` }), url);
    const attributes = {
      text: { type: 'String', value: 'v' },
      count: { type: 'Number.int', value: '12345678901234567890' },
      bytes: { type: 'Binary', value: new Uint8Array([0, 1, 255]) },
    } as const;

    const [sent] = await real.sendBatch([{ body: 'hello é', attributes }]);
    expect(sent).toMatchObject({ ok: true, messageId: expect.any(String) });
    const [first] = await real.receive({ maxMessages: 10, waitTimeMs: 0, visibilityTimeoutMs: 30_000 });
    expect(first).toMatchObject({ body: 'hello é', receiveCount: 1, sentAtMs: expect.any(Number) });
    expect(first?.attributes['text']).toEqual(attributes.text);
    expect(first?.attributes['count']).toEqual(attributes.count);
    expect(Buffer.from(first?.attributes['bytes']?.value ?? '')).toEqual(Buffer.from([0, 1, 255]));
    expect(await real.depth()).toEqual({ visible: 0, inFlight: 1, delayed: 0 });

    const handle = first?.receiptHandle ?? '';
    expect(await real.changeVisibilityBatch([{ receiptHandle: handle, visibilityTimeoutMs: 0 }])).toEqual([
      { ok: true },
    ]);
    const [second] = await real.receive({ maxMessages: 1, waitTimeMs: 0 });
    expect(second).toMatchObject({ messageId: first?.messageId, receiveCount: 2 });
    expect(await real.deleteBatch([second?.receiptHandle ?? ''])).toEqual([{ ok: true }]);
    expect(await real.depth()).toEqual({ visible: 0, inFlight: 0, delayed: 0 });
  });

  test('of a batch, the entry that SQS refuses fails alone', async () => {
    fauxqs.createQueue('partial', { region });
    const url = `http://sqs.${region}.localhost:${fauxqs.port}/000000000000/partial`;
    const real = createSqsQueue(makeClient({ endpoint: `http://127.0.0.1:${fauxqs.port}` }), url);
    const outcomes = await real.sendBatch([{ body: 'good' }, { body: 'bad \u0000' }, { body: 'good too' }]);
    expect(outcomes).toMatchObject([
      { ok: true },
      { ok: false, error: { code: 'service-error', outcome: 'rejected', retryable: false } },
      { ok: true },
    ]);
    expect(await real.depth()).toMatchObject({ visible: 2 });
  });

  for (const [what, answer, error] of wholeCallFailures) {
    test(`${what} fails every entry as ${error.code}, outcome ${error.outcome}`, async () => {
      server.script(answer);
      const outcomes = await queue.sendBatch([{ body: 'a' }, { body: 'b' }]);
      expect(outcomes).toMatchObject([
        { ok: false, error },
        { ok: false, error },
      ]);
    });
  }

  test('without an answer in time the outcome is unknown, and the connection is closed', async () => {
    const impatient = createSqsQueue(makeClient({ requestTimeoutMs: shortTimeoutMs }), server.queueUrl);
    server.script({ kind: 'hang' });
    const error = expected('timeout', 'unknown', 'retryable');
    expect(await impatient.sendBatch([{ body: 'a' }])).toMatchObject([{ ok: false, error }]);
    await server.quiet();
    expect(await impatient.depth()).toMatchObject({ visible: 3 });
  });

  test('nobody listening is an error of the network, and nothing was sent', async () => {
    await server.stop();
    const error = expected('network-error', 'rejected', 'retryable');
    expect(await queue.sendBatch([{ body: 'a' }])).toMatchObject([{ ok: false, error }]);
  });

  test('credentials that cannot be had fail the call before anything is sent', async () => {
    const missing = Object.assign(new Error('no credentials here'), { name: 'CredentialsProviderError' });
    const poor = createSqsQueue(makeClient({ credentials: () => Promise.reject(missing) }), server.queueUrl);
    const error = expected('access-denied', 'rejected');
    expect(await poor.sendBatch([{ body: 'a' }])).toMatchObject([{ ok: false, error }]);
    expect(server.calls).toHaveLength(0);
  });

  test('an abort ends the call and closes its connection; the outcome is unknown and the reason is the cause', async () => {
    server.always({ kind: 'hang' });
    const controller = new AbortController();
    const { signal } = controller;
    const calls = [
      queue.sendBatch([{ body: 'a' }], { signal }),
      queue.deleteBatch(['handle'], { signal }),
      queue.changeVisibilityBatch([{ receiptHandle: 'handle', visibilityTimeoutMs: 1 }], { signal }),
    ];
    const polls = [
      queue.receive({ maxMessages: 1, waitTimeMs: 20_000 }, { signal }),
      queue.depth({ signal }),
    ];
    await server.arrival(5);
    const reason = new Error('enough');
    controller.abort(reason);
    const error = { ...expected('aborted', 'unknown'), cause: reason };
    for (const call of calls) {
      expect(await call).toMatchObject([{ ok: false, error }]);
    }
    for (const poll of polls) {
      await expect(poll).rejects.toMatchObject(error);
    }
    await server.quiet();
  });

  test('a call with a signal that has aborted is not made', async () => {
    const signal = AbortSignal.abort('before');
    const error = { ...expected('aborted', 'rejected'), cause: 'before' };
    expect(await queue.sendBatch([{ body: 'a' }], { signal })).toMatchObject([{ ok: false, error }]);
    expect(server.calls).toHaveLength(0);
  });

  test('a client of another region is refused before anything is sent', async () => {
    const url = 'https://sqs.eu-west-1.amazonaws.com/123456789012/orders';
    const abroad = createSqsQueue(makeClient({ endpoint: undefined }), url);
    const error = {
      ...expected('region-mismatch', 'rejected'),
      details: { clientRegion: 'us-east-1', queueRegion: 'eu-west-1' },
    };
    expect(await abroad.deleteBatch(['handle'])).toMatchObject([{ ok: false, error }]);
    await expect(abroad.receive({ maxMessages: 1, waitTimeMs: 0 })).rejects.toMatchObject(error);
  });

  test('an endpoint outside AWS may answer for any region', async () => {
    const url = 'https://sqs.eu-west-1.amazonaws.com/123456789012/orders';
    expect(await createSqsQueue(makeClient(), url).depth()).toMatchObject({ visible: 3 });
    expect(server.calls[0]?.input).toMatchObject({ QueueUrl: url });
  });
}

/** `pooledHandler` in a client that keeps the SDK's own retries. */
function describeRetriesOfTheSdk(sdk: Sdk): void {
  test('a client that retries by itself is told of once, and its failures are of unknown outcome', async () => {
    const server = await startScriptedServer();
    const requestHandler = pooledHandler();
    const client = sdk.makeClient({
      region,
      endpoint: server.endpoint,
      maxAttempts: 2,
      credentials,
      requestHandler,
    });
    const warnings: string[] = [];
    const logger = {
      debug: () => undefined,
      warn: (text: string) => warnings.push(text),
      error: () => undefined,
    };
    const queue = createSqsQueue(client, server.queueUrl, { logger });
    // The first attempt may have been carried out, whatever the second one says.
    const refusal = { Failed: [{ Id: '0', Code: 'InvalidMessageContents', SenderFault: true }] };
    server.script(
      { kind: 'reset' },
      { kind: 'error', status: 403, type: 'com.amazonaws.sqs#RequestThrottled' },
    );
    server.script({ kind: 'reset' }, { kind: 'json', body: refusal });
    const error = expected('throttled', 'unknown', 'retryable', 'throttled');
    expect(await queue.sendBatch([{ body: 'a' }])).toMatchObject([{ ok: false, error }]);
    expect(await queue.sendBatch([{ body: 'a' }])).toMatchObject([
      { ok: false, error: expected('service-error', 'unknown') },
    ]);
    expect(warnings).toEqual([expect.stringContaining('up to 2 attempts')]);
    client.destroy();
    await server.stop();
  });

  test('the SDK repeats what it would have repeated with its own handler, and knows an abort', async () => {
    const server = await startScriptedServer();
    const requestHandler = pooledHandler({ requestTimeoutMs: shortTimeoutMs });
    const client = sdk.makeClient({
      region,
      endpoint: server.endpoint,
      maxAttempts: 2,
      credentials,
      requestHandler,
    });
    const queue = createSqsQueue(client, server.queueUrl);
    for (const kind of ['reset', 'hang', 'half'] as const) {
      server.script({ kind });
      expect(await queue.depth()).toMatchObject({ visible: 3 });
    }
    expect(server.calls).toHaveLength(6);
    server.script({ kind: 'hang' });
    const controller = new AbortController();
    const aborted = queue.depth({ signal: controller.signal });
    await server.arrival(7);
    controller.abort();
    await expect(aborted).rejects.toMatchObject({ code: 'aborted' });
    expect(server.calls).toHaveLength(7);
    client.destroy();
    await server.stop();
  });
}

function describePooledClient(sdk: Sdk): void {
  test('sends any command of the SDK, with the type of its output', async () => {
    const fauxqs = await startFauxqs({ port: 0, logger: false });
    await using client = createPooledClient({
      region,
      endpoint: `http://127.0.0.1:${fauxqs.port}`,
      credentials: async () => credentials,
    });
    expect(await sdk.createQueue(client, 'made')).toMatch(/\/made$/);
    await fauxqs.stop();
  });

  test('makes one attempt, whatever the environment says, and delays no call after throttles', async () => {
    const server = await startScriptedServer();
    vi.stubEnv('AWS_MAX_ATTEMPTS', '5');
    vi.stubEnv('AWS_RETRY_MODE', 'adaptive');
    await using client = createPooledClient({ region, endpoint: server.endpoint, credentials });
    const warnings: string[] = [];
    const logger = {
      debug: () => undefined,
      warn: (text: string) => warnings.push(text),
      error: () => undefined,
    };
    const queue = createSqsQueue(client, server.queueUrl, { logger });
    server.always({ kind: 'error', status: 503, type: 'ServiceUnavailable' });
    await queue.sendBatch([{ body: 'a' }]);
    expect(server.calls).toHaveLength(1);
    expect(server.calls[0]?.headers['amz-sdk-request']).toBe('attempt=1; max=1');
    expect(warnings).toEqual([]);
    vi.unstubAllEnvs();
    await server.stop();
  });

  test('finds region and credentials by the chain of the SDK', async () => {
    const server = await startScriptedServer();
    vi.stubEnv('AWS_REGION', 'ap-southeast-2');
    vi.stubEnv('AWS_ACCESS_KEY_ID', 'from-the-environment');
    vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'secret');
    await using client = createPooledClient({ endpoint: server.endpoint });
    await createSqsQueue(client, server.queueUrl).depth();
    vi.unstubAllEnvs();
    expect(await client.config.region()).toBe('ap-southeast-2');
    expect(server.calls[0]?.headers.authorization).toMatch(
      /Credential=from-the-environment\/\d+\/ap-southeast-2\/sqs/,
    );
    await server.stop();
  });

  test('after close every call fails as closed, and no connection is left', async () => {
    const server = await startScriptedServer();
    const client = createPooledClient({ region, endpoint: server.endpoint, credentials });
    const queue = createSqsQueue(client, server.queueUrl);
    server.script({ kind: 'hang' });
    const underWay = queue.sendBatch([{ body: 'a' }]);
    await server.arrival(1);
    expect(client.stats()).toEqual({ active: 1, longPolls: 0, waiting: 0, connections: 1 });
    const closing = client.close();
    expect(await queue.sendBatch([{ body: 'b' }])).toMatchObject([
      { ok: false, error: { code: 'closed', outcome: 'rejected', retryable: false } },
    ]);
    server.release();
    expect(await underWay).toMatchObject([{ ok: true }]);
    await closing;
    await server.quiet();
    expect(client.stats()).toEqual({ active: 0, longPolls: 0, waiting: 0, connections: 0 });
    await server.stop();
  });
}
