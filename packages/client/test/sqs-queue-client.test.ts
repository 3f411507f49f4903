import { SQSClient } from '@aws-sdk/client-sqs';
import { createFakeClock } from '@sqskit/testing';
import { SQSClient as OldSQSClient } from 'client-sqs-oldest';
import { describe, expect, test, vi } from 'vitest';
import { createPooledClient, createSqsQueue, type SqsClient } from '../src/index.ts';
import { client, credentials, queueForEachTest, region, server } from './queue-set-up.ts';

queueForEachTest();

describe('the client of a queue', () => {
  const awsUrl = 'https://sqs.eu-west-1.amazonaws.com/123456789012/orders';
  const vpcEndpoint = { hostname: 'vpce-0a1b-2c3d.sqs.us-east-1.vpce.amazonaws.com' };

  function stub(config: Partial<SqsClient['config']>): SqsClient & { readonly sent: object[] } {
    const sent: object[] = [];
    const send = (command: object): Promise<unknown> => Promise.resolve(sent.push(command) && {});
    return { config: { region: async () => region, maxAttempts: async () => 1, ...config }, send, sent };
  }

  test.each([
    ['https://sqs.eu-west-1.amazonaws.com/123456789012/q'],
    ['https://eu-west-1.queue.amazonaws.com/123456789012/q'],
    ['https://vpce-0a1b-2c3d.sqs.eu-west-1.vpce.amazonaws.com/123456789012/q'],
    ['https://sqs.cn-north-1.amazonaws.com.cn/123456789012/q'],
  ])('of us-east-1 is refused for %s', async (url) => {
    const abroad = stub({});
    await expect(createSqsQueue(abroad, url).depth()).rejects.toMatchObject({
      code: 'region-mismatch',
      details: { clientRegion: region },
      outcome: 'rejected',
    });
    expect(abroad.sent).toHaveLength(0);
  });

  test.each([
    ['http://localhost:9324/000000000000/q'],
    ['http://sqs.eu-west-1.localhost:4566/000000000000/q'],
    ['https://queue.amazonaws.com/123456789012/q'],
  ])('of us-east-1 is taken for %s', async (url) => {
    const home = stub({});
    await createSqsQueue(home, url).depth();
    expect(home.sent).toHaveLength(1);
  });

  test('is checked behind a VPC endpoint too, which belongs to a region, but not behind an emulator', async () => {
    const behindVpc = createSqsQueue(stub({ endpoint: async () => vpcEndpoint }), awsUrl);
    await expect(behindVpc.depth()).rejects.toMatchObject({ code: 'region-mismatch' });
    for (const hostname of ['localhost', '127.0.0.1', '[::1]', 'localstack.internal']) {
      await createSqsQueue(stub({ endpoint: async () => ({ hostname }) }), awsUrl).depth();
    }
  });

  test('is asked for its region and its attempts once', async () => {
    const askRegion = vi.fn<() => Promise<string>>(async () => region);
    const askAttempts = vi.fn<() => Promise<number>>(async () => 1);
    const url = 'https://sqs.us-east-1.amazonaws.com/123456789012/q';
    const one = createSqsQueue(stub({ region: askRegion, maxAttempts: askAttempts }), url);
    await Promise.all([one.depth(), one.depth()]);
    await one.depth();
    expect(askRegion).toHaveBeenCalledOnce();
    expect(askAttempts).toHaveBeenCalledOnce();
  });

  test('failed once to give its endpoint, and every later call failed with that', async () => {
    let asked = 0;
    const endpoint = async (): Promise<object> => {
      if (asked++ === 0) {
        throw new Error('not now');
      }
      return { hostname: 'sqs.us-east-1.amazonaws.com' };
    };
    const home = stub({ endpoint });
    const one = createSqsQueue(home, 'https://sqs.us-east-1.amazonaws.com/123456789012/q');
    await expect(one.depth()).rejects.toMatchObject({
      code: 'unexpected',
      outcome: 'rejected',
      retryable: true,
      cause: expect.objectContaining({ message: 'not now' }),
    });
    expect(home.sent).toHaveLength(0);
    await one.depth();
    expect(home.sent).toHaveLength(1);
  });

  test('makes several attempts, and a logger that threw at being told failed every call', async () => {
    const warn = vi.fn<() => void>(() => {
      throw new Error('no log');
    });
    const retrying = stub({ maxAttempts: async () => 3 });
    const url = 'https://sqs.us-east-1.amazonaws.com/123456789012/q';
    const logger = { debug: () => undefined, warn, error: () => undefined };
    await createSqsQueue(retrying, url, { logger }).depth();
    expect(warn).toHaveBeenCalledOnce();
    expect(retrying.sent).toHaveLength(1);
  });

  test('of another region is asked for it once, and refused at every call', async () => {
    const askRegion = vi.fn<() => Promise<string>>(async () => region);
    const abroad = createSqsQueue(stub({ region: askRegion }), awsUrl);
    for (let calls = 0; calls < 2; calls++) {
      await expect(abroad.depth()).rejects.toMatchObject({ code: 'region-mismatch' });
    }
    expect(askRegion).toHaveBeenCalledOnce();
  });

  test('has no region: the call says so, as rejected', async () => {
    vi.stubEnv('AWS_REGION', undefined);
    vi.stubEnv('AWS_CONFIG_FILE', '/nonexistent');
    const nowhere = createSqsQueue(new SQSClient({ credentials }), awsUrl);
    expect(await nowhere.deleteBatch(['h'])).toMatchObject([
      { ok: false, error: { code: 'option-invalid', details: { option: 'region' }, outcome: 'rejected' } },
    ]);
  });

  test('of another copy of the SDK is refused with what to do about it', async () => {
    const other = new OldSQSClient({ region, endpoint: server.endpoint, credentials, maxAttempts: 1 });
    expect(await createSqsQueue(other, server.queueUrl).deleteBatch(['h'])).toMatchObject([
      { ok: false, error: { code: 'option-invalid', details: { option: 'client' }, outcome: 'rejected' } },
    ]);
    expect(server.calls).toHaveLength(0);
  });

  test('hangs before it sends: an abort settles the call all the same', async () => {
    const clock = createFakeClock();
    const stuck = createPooledClient({
      region,
      endpoint: server.endpoint,
      credentials: () => new Promise(() => undefined),
    });
    const hanging = createSqsQueue(stuck, server.queueUrl, { clock });
    const controller = new AbortController();
    const call = hanging.sendBatch([{ body: 'a' }], { signal: controller.signal });
    await clock.flush();
    controller.abort('enough');
    await clock.advance(100);
    expect(await call).toMatchObject([
      { ok: false, error: { code: 'aborted', outcome: 'unknown', cause: 'enough' } },
    ]);
    expect(clock.pendingTimers).toBe(0);
  });
});

describe('how many calls go at a time', () => {
  const url = 'http://127.0.0.1:9324/000000000000/q';

  test('is told by the pool of a pooled client', async () => {
    await using own = createPooledClient({ region, credentials, maxConnections: 7 });
    expect(createSqsQueue(own, url).maxConnections).toBe(7);
  });

  test("is told by the SDK's own handler, of the newest version once it has made its agents", async () => {
    const own = new SQSClient({ region, credentials, endpoint: server.endpoint });
    const queue = createSqsQueue(own, url);
    await queue.depth().catch(() => undefined);
    expect(queue.maxConnections).toBe(50);
    own.destroy();
  });

  test.each([
    [undefined],
    ['undici'],
    [{ httpHandlerConfigs: () => undefined }],
    [{ httpHandlerConfigs: () => ({ maxConnections: Number.POSITIVE_INFINITY }) }],
    [{ httpHandlerConfigs: () => ({ httpsAgent: { maxSockets: 'many' } }) }],
  ])('is not known of the handler %o', (requestHandler) => {
    const config = { region: async () => region, maxAttempts: async () => 1, requestHandler };
    expect(createSqsQueue({ config, send: async () => ({}) }, url).maxConnections).toBeUndefined();
  });
});

describe('at construction', () => {
  test.each([['not a url'], ['https://sqs.us-east-1.amazonaws.com/'], ['']])(
    'the queue URL %j is refused',
    (url) => {
      expect(() => createSqsQueue(client, url)).toThrow(
        expect.objectContaining({ code: 'queue-url-invalid' }),
      );
    },
  );

  test('an option that is none is refused', () => {
    const options: object = { visibilityTimeout: 30 };
    expect(() => createSqsQueue(client, server.queueUrl, options)).toThrow(
      expect.objectContaining({ code: 'option-invalid' }),
    );
  });
});
