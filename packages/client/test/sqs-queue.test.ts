import { SQSClient } from '@aws-sdk/client-sqs';
import type { Queue, SendEntry } from '@sqskit/core';
import { createFakeClock } from '@sqskit/testing';
import { SQSClient as OldSQSClient } from 'client-sqs-oldest';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import {
  type Credentials,
  createPooledClient,
  createSqsQueue,
  type PooledClient,
  type SqsClient,
} from '../src/index.ts';
import { acceptedEntry, type ScriptedServer, startScriptedServer } from './scripted-server.ts';

const region = 'us-east-1';
const credentials: Credentials = { accessKeyId: 'test', secretAccessKey: 'test' };

let server: ScriptedServer;
let client: PooledClient;
let queue: Queue;

beforeEach(async () => {
  server = await startScriptedServer();
  client = createPooledClient({ region, endpoint: server.endpoint, credentials });
  queue = createSqsQueue(client, server.queueUrl);
});

afterEach(async () => {
  vi.unstubAllEnvs();
  await client.close();
  await server.stop();
});

function fifoQueue(): Queue {
  return createSqsQueue(client, `${server.queueUrl}.fifo`);
}

/** The entries of the last call, as they were on the wire. */
function wireEntries(): unknown {
  return server.calls.at(-1)?.input['Entries'];
}

describe('on the wire', () => {
  test('an entry carries what was given and nothing else; its id is its position', async () => {
    const full: SendEntry = {
      body: 'full',
      attributes: {
        text: { type: 'String', value: 'v' },
        bytes: { type: 'Binary.raw', value: new Uint8Array([1, 2]) },
      },
      groupId: 'g',
      deduplicationId: 'd',
      delayMs: 1,
      traceHeader: 'Root=1-2-3',
    };
    await queue.sendBatch([full, { body: 'bare' }]);
    expect(wireEntries()).toEqual([
      {
        Id: '0',
        MessageBody: 'full',
        MessageAttributes: {
          text: { DataType: 'String', StringValue: 'v' },
          bytes: { DataType: 'Binary.raw', BinaryValue: 'AQI=' },
        },
        MessageGroupId: 'g',
        MessageDeduplicationId: 'd',
        DelaySeconds: 1,
        MessageSystemAttributes: { AWSTraceHeader: { DataType: 'String', StringValue: 'Root=1-2-3' } },
      },
      { Id: '1', MessageBody: 'bare' },
    ]);
  });

  test('milliseconds are rounded up to seconds, so that only 0 is 0', async () => {
    const times = [0, 1, 999, 1_000, 1_001, 43_200_000];
    await queue.changeVisibilityBatch(
      times.map((visibilityTimeoutMs) => ({ receiptHandle: 'h', visibilityTimeoutMs })),
    );
    expect(wireEntries()).toMatchObject(
      [0, 1, 1, 1, 2, 43_200].map((VisibilityTimeout) => ({ VisibilityTimeout })),
    );
    await queue.sendBatch([
      { body: 'a', delayMs: 0 },
      { body: 'b', delayMs: 1_500 },
    ]);
    expect(wireEntries()).toMatchObject([{ DelaySeconds: 0 }, { DelaySeconds: 2 }]);
  });

  test('a receive asks for every attribute, says how long it waits, and sets a visibility timeout only if told', async () => {
    await queue.receive({ maxMessages: 10, waitTimeMs: 0 });
    expect(server.calls[0]?.input).toEqual({
      QueueUrl: server.queueUrl,
      MaxNumberOfMessages: 10,
      WaitTimeSeconds: 0,
      AttributeNames: ['All'],
      MessageAttributeNames: ['All'],
    });
    await queue.receive({ maxMessages: 1, waitTimeMs: 19_001, visibilityTimeoutMs: 0 });
    expect(server.calls[1]?.input).toMatchObject({ WaitTimeSeconds: 20, VisibilityTimeout: 0 });
  });

  test('a message comes with all that SQS says of it', async () => {
    const message = {
      MessageId: 'm-1',
      ReceiptHandle: 'handle',
      Body: 'b',
      MD5OfBody: '92eb5ffee6ae2fec3ad71c777531578f',
      Attributes: {
        ApproximateReceiveCount: '3',
        SentTimestamp: '1700000000123',
        MessageGroupId: 'g',
        MessageDeduplicationId: 'd',
        SequenceNumber: '18870000000000000001',
        AWSTraceHeader: 'Root=1-2-3',
      },
      MessageAttributes: { n: { DataType: 'Number', StringValue: '1' } },
    };
    server.script({ kind: 'json', body: { Messages: [message] } });
    expect(await queue.receive({ maxMessages: 1, waitTimeMs: 0 })).toEqual([
      {
        messageId: 'm-1',
        receiptHandle: 'handle',
        body: 'b',
        attributes: { n: { type: 'Number', value: '1' } },
        receiveCount: 3,
        sentAtMs: 1_700_000_000_123,
        groupId: 'g',
        deduplicationId: 'd',
        sequenceNumber: '18870000000000000001',
        traceHeader: 'Root=1-2-3',
      },
    ]);
  });
});

describe('an entry that lacks something required', () => {
  test('on a FIFO queue, a group: it fails alone, and the others are sent', async () => {
    const outcomes = await fifoQueue().sendBatch([
      { body: 'a' },
      { body: 'b', groupId: 'g' },
      { body: 'c', groupId: '' },
    ]);
    expect(wireEntries()).toEqual([{ Id: '1', MessageBody: 'b', MessageGroupId: 'g' }]);
    const error = {
      code: 'message-invalid',
      details: { field: 'groupId' },
      outcome: 'rejected',
      retryable: false,
    };
    expect(outcomes).toMatchObject([
      { ok: false, error },
      { ok: true, messageId: 'message-1' },
      { ok: false, error },
    ]);
  });

  test('a body, or a receipt handle, likewise; and where none is left no call is made', async () => {
    const lacking = (field: string): object => ({
      ok: false,
      error: { code: 'message-invalid', details: { field } },
    });
    expect(await queue.sendBatch([{ body: '' }])).toMatchObject([lacking('body')]);
    expect(await queue.deleteBatch([''])).toMatchObject([lacking('receiptHandle')]);
    expect(await queue.changeVisibilityBatch([{ receiptHandle: '', visibilityTimeoutMs: 1 }])).toMatchObject([
      lacking('receiptHandle'),
    ]);
    expect(server.calls).toHaveLength(0);
    expect(await queue.deleteBatch(['', 'h'])).toMatchObject([lacking('receiptHandle'), { ok: true }]);
  });

  test('keeps its own failure when the call of the others fails', async () => {
    server.script({ kind: 'error', status: 403, type: 'RequestThrottled' });
    expect(await queue.sendBatch([{ body: '' }, { body: 'b' }])).toMatchObject([
      { ok: false, error: { code: 'message-invalid' } },
      { ok: false, error: { code: 'throttled' } },
    ]);
  });
});

describe('outcomes', () => {
  test('an entry that the answer does not mention may have been accepted', async () => {
    server.script({ kind: 'json', body: { Successful: [acceptedEntry({ Id: '1', MessageBody: 'b' })] } });
    expect(await queue.sendBatch([{ body: 'a' }, { body: 'b' }])).toMatchObject([
      { ok: false, error: { code: 'response-invalid', outcome: 'unknown', retryable: true } },
      { ok: true, messageId: 'message-1' },
    ]);
  });

  test.each([
    ['KmsThrottled', { code: 'throttled', retryable: true, throttled: true }],
    ['InternalError', { code: 'service-error', retryable: true, throttled: false }],
    ['AWS.SimpleQueueService.MessageNotInflight', { code: 'receipt-handle-invalid', retryable: false }],
  ])('an entry that failed with %s', async (Code, error) => {
    const failed = { Id: '0', Code, Message: 'no', SenderFault: Code !== 'InternalError' };
    server.script({ kind: 'json', body: { Successful: [{ Id: '1' }], Failed: [failed] } });
    expect(await queue.deleteBatch(['h', 'i'])).toMatchObject([
      {
        ok: false,
        error: { ...error, outcome: 'rejected', details: { awsCode: Code, requestId: 'scripted-request' } },
      },
      { ok: true },
    ]);
  });

  test('a received body that is damaged makes the receive fail', async () => {
    const message = {
      MessageId: 'm',
      ReceiptHandle: 'h',
      Body: 'damaged',
      MD5OfBody: 'd41d8cd98f00b204e9800998ecf8427e',
    };
    server.script({ kind: 'json', body: { Messages: [message] } });
    await expect(queue.receive({ maxMessages: 1, waitTimeMs: 0 })).rejects.toMatchObject({
      code: 'response-invalid',
      outcome: 'unknown',
      retryable: true,
    });
  });

  test('a message that could not be settled is left to come again, and the logger told', async () => {
    const warn = vi.fn<(text: string) => void>();
    const watched = createSqsQueue(client, server.queueUrl, {
      logger: { debug: () => undefined, warn, error: () => undefined },
    });
    const MD5OfBody = '92eb5ffee6ae2fec3ad71c777531578f';
    server.script({
      kind: 'json',
      body: {
        Messages: [
          { MessageId: 'm-1', Body: 'b', MD5OfBody },
          { MessageId: 'm-2', ReceiptHandle: 'h', Body: 'b', MD5OfBody },
        ],
      },
    });
    expect(await watched.receive({ maxMessages: 2, waitTimeMs: 0 })).toMatchObject([
      { messageId: 'm-2', receiveCount: 1, sentAtMs: undefined, attributes: {} },
    ]);
    expect(warn).toHaveBeenCalledOnce();
  });

  test('a queue that is missing makes receive, describe and depth reject', async () => {
    server.always({ kind: 'error', status: 400, type: 'com.amazonaws.sqs#QueueDoesNotExist' });
    const error = { code: 'queue-missing', outcome: 'rejected', retryable: false };
    await expect(queue.receive({ maxMessages: 1, waitTimeMs: 0 })).rejects.toMatchObject(error);
    await expect(queue.describe()).rejects.toMatchObject(error);
    await expect(queue.depth()).rejects.toMatchObject(error);
  });
});

describe('what a queue says of itself', () => {
  test("describe reads the queue's own settings, and FIFO-ness from its URL", async () => {
    const Attributes = {
      MaximumMessageSize: '2048',
      VisibilityTimeout: '45',
      ContentBasedDeduplication: 'true',
      RedrivePolicy:
        '{"deadLetterTargetArn":"arn:aws:sqs:us-east-1:123456789012:dead.fifo","maxReceiveCount":"5"}',
    };
    server.script({ kind: 'json', body: { Attributes } });
    expect(await fifoQueue().describe()).toEqual({
      fifo: true,
      contentBasedDeduplication: true,
      maxMessageBytes: 2_048,
      visibilityTimeoutMs: 45_000,
      redrive: { deadLetterQueueArn: 'arn:aws:sqs:us-east-1:123456789012:dead.fifo', maxReceiveCount: 5 },
    });
    expect(server.calls[0]?.input).toMatchObject({ AttributeNames: ['All'] });
  });

  test('what it does not say is as SQS has it by default', async () => {
    server.script({ kind: 'json', body: {} });
    expect(await queue.describe()).toEqual({
      fifo: false,
      contentBasedDeduplication: false,
      maxMessageBytes: 1_048_576,
      visibilityTimeoutMs: 30_000,
      redrive: undefined,
    });
  });

  test('a redrive policy that cannot be read is a failure, not a guess', async () => {
    server.script({ kind: 'json', body: { Attributes: { RedrivePolicy: '{' } } });
    await expect(queue.describe()).rejects.toMatchObject({ code: 'response-invalid' });
  });

  test('depth counts what is visible, in flight and delayed', async () => {
    const Attributes = {
      ApproximateNumberOfMessages: '1',
      ApproximateNumberOfMessagesNotVisible: '2',
      ApproximateNumberOfMessagesDelayed: '3',
    };
    server.script({ kind: 'json', body: { Attributes } });
    expect(await queue.depth()).toEqual({ visible: 1, inFlight: 2, delayed: 3 });
  });
});

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
