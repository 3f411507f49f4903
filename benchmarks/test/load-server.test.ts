import {
  CreateQueueCommand,
  GetQueueAttributesCommand,
  GetQueueUrlCommand,
  SendMessageBatchCommand,
  SendMessageCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import { startFauxqs } from 'fauxqs';
import { describe, expect, onTestFinished, test } from 'vitest';
import { clientSettings } from '../src/contenders/contender.ts';
import type { LoadServerOptions } from '../src/server/load-server.ts';
import { bodiesAt, countsOf, startLoadServer } from '../src/server/start-load-server.ts';

/** A load server, and an SDK client of it that checks MD5 digests, as it does unless told otherwise. */
async function setUp(options?: Partial<LoadServerOptions>) {
  const server = await startLoadServer(options);
  const client = new SQSClient({ ...clientSettings, endpoint: server.target.endpoint, maxAttempts: 1 });
  onTestFinished(async () => {
    client.destroy();
    await server[Symbol.asyncDispose]();
  });
  return { client, target: server.target, QueueUrl: server.target.queueUrl };
}

const attributes = {
  word: { DataType: 'String', StringValue: 'né' },
  count: { DataType: 'Number.int', StringValue: '12' },
  bytes: { DataType: 'Binary', BinaryValue: Uint8Array.of(0, 1, 254, 255) },
};

describe('the load server', () => {
  test('answers a batch as SQS does, and passes the MD5 check of the SDK', async () => {
    const { client, QueueUrl } = await setUp({ check: true });
    const { Successful, Failed } = await client.send(
      new SendMessageBatchCommand({
        QueueUrl,
        Entries: [
          { Id: 'a"b', MessageBody: 'grüße 🙂' },
          { Id: '1', MessageBody: 'two', MessageAttributes: attributes },
        ],
      }),
    );
    expect(Failed).toEqual([]);
    expect(Successful?.map(({ Id }) => Id)).toEqual(['a"b', '1']);
    expect(new Set(Successful?.map(({ MessageId }) => MessageId)).size).toBe(2);
  });

  test('digests bodies and attributes as another SQS does', async () => {
    const { client, QueueUrl } = await setUp();
    const fauxqs = await startFauxqs({ port: 0, logger: false });
    const { queueUrl } = fauxqs.createQueue('bench', { region: clientSettings.region });
    const other = new SQSClient({ ...clientSettings, endpoint: `http://127.0.0.1:${fauxqs.port}` });
    const message = { MessageBody: 'grüße', MessageAttributes: attributes };
    const ours = await client.send(new SendMessageCommand({ QueueUrl, ...message }));
    const theirs = await other.send(new SendMessageCommand({ QueueUrl: queueUrl, ...message }));
    other.destroy();
    await fauxqs.stop();
    expect(ours.MD5OfMessageBody).toBe(theirs.MD5OfMessageBody);
    expect(ours.MD5OfMessageAttributes).toBe(theirs.MD5OfMessageAttributes);
  });

  test('counts requests, messages, bytes and 64 KiB units', async () => {
    const { client, QueueUrl, target } = await setUp();
    const body = 'x'.repeat(65_530);
    await client.send(new SendMessageCommand({ QueueUrl, MessageBody: 'x' }));
    await client.send(
      new SendMessageBatchCommand({
        QueueUrl,
        Entries: [
          { Id: '0', MessageBody: body },
          { Id: '1', MessageBody: 'x', MessageAttributes: attributes },
        ],
      }),
    );
    const bytes =
      1 + 65_530 + 1 + ('wordStringné'.length + 1) + 'countNumber.int12'.length + 'bytesBinary'.length + 4;
    expect(await countsOf(target)).toMatchObject({ requests: 2, billedUnits: 3, messages: 3, bytes });
  });

  test('lets queues be made, found and described', async () => {
    const { client, QueueUrl, target } = await setUp();
    const made = await client.send(new CreateQueueCommand({ QueueName: target.queueName }));
    const found = await client.send(new GetQueueUrlCommand({ QueueName: target.queueName }));
    const described = await client.send(new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ['All'] }));
    expect(made.QueueUrl).toBe(QueueUrl);
    expect(found.QueueUrl).toBe(QueueUrl);
    expect(described.Attributes?.['MaximumMessageSize']).toBe('1048576');
  });

  test('keeps bodies where it was asked to', async () => {
    const { client, QueueUrl, target } = await setUp({ keep: true });
    await client.send(new SendMessageCommand({ QueueUrl, MessageBody: 'one' }));
    const Entries = [{ Id: '0', MessageBody: 'grüße' }];
    await client.send(new SendMessageBatchCommand({ QueueUrl, Entries }));
    expect(await bodiesAt(target)).toEqual(['one', 'grüße']);
  });

  test.for([
    ['EmptyBatchRequest', []],
    ['BatchEntryIdsNotDistinct', [body('a', 'x'), body('a', 'y')]],
    ['TooManyEntriesInBatchRequest', Array.from({ length: 11 }, (_, index) => body(String(index), 'x'))],
    ['BatchRequestTooLong', [body('a', 'x'.repeat(600_000)), body('b', 'x'.repeat(600_000))]],
    ['InvalidMessageContents', [body('a', '\u0000')]],
  ] as const)('refuses with %s where it checks', async ([code, Entries]) => {
    const { client, QueueUrl, target } = await setUp({ check: true });
    const call = client.send(new SendMessageBatchCommand({ QueueUrl, Entries: [...Entries] }));
    await expect(call).rejects.toMatchObject({ name: code });
    expect(await countsOf(target)).toMatchObject({ messages: 0 });
  });
});

function body(Id: string, MessageBody: string): { readonly Id: string; readonly MessageBody: string } {
  return { Id, MessageBody };
}
