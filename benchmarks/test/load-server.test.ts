import {
  ChangeMessageVisibilityBatchCommand,
  ChangeMessageVisibilityCommand,
  CreateQueueCommand,
  DeleteMessageBatchCommand,
  DeleteMessageCommand,
  GetQueueAttributesCommand,
  GetQueueUrlCommand,
  ReceiveMessageCommand,
  SendMessageBatchCommand,
  SendMessageCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import { startFauxqs } from 'fauxqs';
import { describe, expect, onTestFinished, test } from 'vitest';
import { clientSettings } from '../src/contenders/contender.ts';
import {
  countsOf,
  countsWhenDeleted,
  type StartOptions,
  startLoadServer,
} from '../src/server/start-load-server.ts';

/** A load server, and an SDK client of it that checks MD5 digests, as it does unless told otherwise. */
async function setUp(options?: Partial<StartOptions>) {
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

  test('gives back what it was asked to keep', async () => {
    const { client, QueueUrl } = await setUp({ keep: true });
    await client.send(
      new SendMessageCommand({ QueueUrl, MessageBody: 'kept', MessageAttributes: attributes }),
    );
    const { Messages } = await client.send(new ReceiveMessageCommand({ QueueUrl }));
    expect(Messages?.map(({ Body }) => Body)).toEqual(['kept']);
    expect(Messages?.[0]?.MessageAttributes?.['bytes']?.BinaryValue).toEqual(Uint8Array.of(0, 1, 254, 255));
    const Entries = (Messages ?? []).map(({ ReceiptHandle }, index) => ({
      Id: String(index),
      ReceiptHandle,
    }));
    const { Successful } = await client.send(new DeleteMessageBatchCommand({ QueueUrl, Entries }));
    expect(Successful).toEqual([{ Id: '0' }]);
    expect((await client.send(new ReceiveMessageCommand({ QueueUrl }))).Messages).toEqual([]);
  });

  test('counts each message that is deleted once, by its newest receipt handle', async () => {
    const { client, QueueUrl, target } = await setUp({ keep: true });
    await client.send(new SendMessageCommand({ QueueUrl, MessageBody: 'again' }));
    const receive = new ReceiveMessageCommand({ QueueUrl, MessageSystemAttributeNames: ['All'] });
    const [first] = (await client.send(receive)).Messages ?? [];
    const { ReceiptHandle } = first ?? {};
    await client.send(new ChangeMessageVisibilityCommand({ QueueUrl, ReceiptHandle, VisibilityTimeout: 0 }));
    const [second] = (await client.send(receive)).Messages ?? [];
    expect(second?.MessageId).toBe(first?.MessageId);
    expect(second?.Attributes?.['ApproximateReceiveCount']).toBe('2');
    await client.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle }));
    expect(await countsOf(target)).toMatchObject({ deleted: 0 });
    const told = countsWhenDeleted(target, 1);
    await client.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle: second?.ReceiptHandle }));
    await client.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle: second?.ReceiptHandle }));
    expect(await told).toMatchObject({ deleted: 1 });
    expect(await countsOf(target)).toMatchObject({ deleted: 1, calls: 7 });
  });

  test('never runs dry where it is endless, and changes the visibility of what is in flight alone', async () => {
    const { client, QueueUrl } = await setUp({ endless: true });
    const receive = new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10 });
    const { Messages: first = [] } = await client.send(receive);
    const { Messages: second = [] } = await client.send(receive);
    expect(new Set([...first, ...second].map(({ MessageId }) => MessageId)).size).toBe(20);
    const handles = [first[0]?.ReceiptHandle, 'nobody has it'];
    const Entries = handles.map((ReceiptHandle, index) => ({
      Id: String(index),
      ReceiptHandle,
      VisibilityTimeout: 60,
    }));
    const changed = await client.send(new ChangeMessageVisibilityBatchCommand({ QueueUrl, Entries }));
    expect(changed.Successful).toEqual([{ Id: '0' }]);
    expect(changed.Failed).toMatchObject([{ Id: '1', Code: 'MessageNotInflight' }]);
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
