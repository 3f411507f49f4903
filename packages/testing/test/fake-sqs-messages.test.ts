import { describe, expect, test } from 'vitest';
import { startServer } from './fake-sqs-set-up.ts';

// MD5 of 'hello'
const md5OfHello = '5d41402abc4b2a76b9719d911017c592';

const attributes = {
  word: { DataType: 'String', StringValue: 'né' },
  count: { DataType: 'Number.int', StringValue: '12' },
  bytes: { DataType: 'Binary', BinaryValue: Buffer.of(0, 1, 254, 255).toString('base64') },
};
// By hand, as the developer guide tells it.
const md5OfAttributes = '138491cd8674830588b503bf782810d6';

describe('messages over HTTP', () => {
  test('are sent with the digests of their bodies and attributes', async () => {
    const { server, call } = await startServer();
    const QueueUrl = server.createQueue('q').url;
    const { status, body } = await call('SendMessage', {
      QueueUrl,
      MessageBody: 'hello',
      MessageAttributes: attributes,
      MessageSystemAttributes: { AWSTraceHeader: { DataType: 'String', StringValue: 'Root=1' } },
    });
    expect(status).toBe(200);
    expect(body).toEqual({
      MessageId: expect.stringMatching(/^[0-9a-f-]{36}$/),
      MD5OfMessageBody: md5OfHello,
      MD5OfMessageAttributes: md5OfAttributes,
      MD5OfMessageSystemAttributes: expect.stringMatching(/^[0-9a-f]{32}$/),
    });
  });

  test('come with the attributes that were asked for, and those alone', async () => {
    const { server, call } = await startServer();
    const QueueUrl = server.createQueue('q', { visibilityTimeoutMs: 0 }).url;
    await call('SendMessage', { QueueUrl, MessageBody: 'hello', MessageAttributes: attributes });
    const receive = async (asked: object): Promise<unknown> =>
      (await call('ReceiveMessage', { QueueUrl, ...asked })).body['Messages'];
    const [bare] = [await receive({})].flat();
    expect(bare).toEqual({
      MessageId: expect.any(String),
      ReceiptHandle: expect.any(String),
      MD5OfBody: md5OfHello,
      Body: 'hello',
    });
    expect(await receive({ AttributeNames: ['ApproximateReceiveCount'] })).toMatchObject([
      { Attributes: { ApproximateReceiveCount: '2' } },
    ]);
    expect(
      await receive({ MessageSystemAttributeNames: ['All'], MessageAttributeNames: ['All'] }),
    ).toMatchObject([
      {
        Attributes: {
          ApproximateReceiveCount: '3',
          SentTimestamp: expect.stringMatching(/^\d{13}$/),
          ApproximateFirstReceiveTimestamp: expect.stringMatching(/^\d{13}$/),
          SenderId: expect.any(String),
        },
        MD5OfMessageAttributes: md5OfAttributes,
        MessageAttributes: attributes,
      },
    ]);
    const some = [await receive({ MessageAttributeNames: ['wo.*', 'count'] })].flat();
    const { word, count } = attributes;
    expect(some).toMatchObject([{ MessageAttributes: { word, count } }]);
    expect(some).not.toMatchObject([{ MD5OfMessageAttributes: md5OfAttributes }]);
  });

  test('a receive waits as long as the queue says where the call does not', async () => {
    const { server, call } = await startServer();
    const Attributes = { ReceiveMessageWaitTimeSeconds: '20' };
    const { QueueUrl } = (await call('CreateQueue', { QueueName: 'q', Attributes })).body;
    const poll = call('ReceiveMessage', { QueueUrl });
    expect((await call('ReceiveMessage', { QueueUrl, WaitTimeSeconds: 0 })).body).toEqual({});
    await server.queue('q')?.sendBatch([{ body: 'late' }]);
    expect((await poll).body).toMatchObject({ Messages: [{ Body: 'late' }] });
  });

  test('a poll whose caller has gone takes no message', async () => {
    const { server, call } = await startServer();
    const queue = server.createQueue('q');
    const gone = new AbortController();
    const input = { QueueUrl: queue.url, WaitTimeSeconds: 20 };
    const poll = call('ReceiveMessage', input, { signal: gone.signal }).catch(() => 'gone');
    await call('ListQueues'); // a round trip, in which the poll begins
    gone.abort();
    expect(await poll).toBe('gone');
    await call('SendMessage', { QueueUrl: queue.url, MessageBody: 'kept' });
    expect(queue.messages()).toMatchObject([{ state: 'visible', receiveCount: 0 }]);
  });

  test('are settled one by one and in batches, by the ids of the caller', async () => {
    const { server, call } = await startServer();
    const queue = server.createQueue('q');
    const QueueUrl = queue.url;
    await queue.sendBatch([{ body: 'a' }, { body: 'b' }, { body: 'c' }]);
    const received = await queue.receive({ maxMessages: 10, waitTimeMs: 0 });
    const [a = '', b = '', c = ''] = received.map(({ receiptHandle }) => receiptHandle);
    expect(
      await call('ChangeMessageVisibility', { QueueUrl, ReceiptHandle: a, VisibilityTimeout: 0 }),
    ).toEqual({
      status: 200,
      queryError: null,
      body: {},
    });
    expect((await call('DeleteMessage', { QueueUrl, ReceiptHandle: b })).body).toEqual({});
    const changes = [
      { Id: 'kept', ReceiptHandle: c, VisibilityTimeout: 60 },
      { Id: 'shown', ReceiptHandle: a, VisibilityTimeout: 60 },
    ];
    expect((await call('ChangeMessageVisibilityBatch', { QueueUrl, Entries: changes })).body).toEqual({
      Successful: [{ Id: 'kept' }],
      Failed: [
        {
          Id: 'shown',
          SenderFault: true,
          Code: 'AWS.SimpleQueueService.MessageNotInflight',
          Message: 'The message is not in flight.',
        },
      ],
    });
    const deletes = [
      { Id: 'c', ReceiptHandle: c },
      { Id: 'x', ReceiptHandle: 'never was one' },
    ];
    expect((await call('DeleteMessageBatch', { QueueUrl, Entries: deletes })).body).toMatchObject({
      Successful: [{ Id: 'c' }],
      Failed: [{ Id: 'x', SenderFault: true, Code: 'ReceiptHandleIsInvalid' }],
    });
    expect(queue.messages()).toMatchObject([{ body: 'a', state: 'visible' }]);
  });

  test('of a batch, the entry that SQS refuses fails alone', async () => {
    const { server, call } = await startServer();
    const QueueUrl = server.createQueue('q').url;
    const Entries = [
      { Id: 'good', MessageBody: 'hello' },
      { Id: 'bad', MessageBody: '\u0000' },
    ];
    expect((await call('SendMessageBatch', { QueueUrl, Entries })).body).toMatchObject({
      Successful: [{ Id: 'good', MD5OfMessageBody: md5OfHello }],
      Failed: [{ Id: 'bad', SenderFault: true, Code: 'InvalidMessageContents' }],
    });
  });

  const entry = (Id: string, MessageBody = 'x') => ({ Id, MessageBody });
  test.each([
    ['no entries', [], 'EmptyBatchRequest'],
    [
      'eleven entries',
      Array.from({ length: 11 }, (_, index) => entry(String(index))),
      'TooManyEntriesInBatchRequest',
    ],
    ['an id with a dot', [entry('a.b')], 'InvalidBatchEntryId'],
    ['an id of 81 characters', [entry('a'.repeat(81))], 'InvalidBatchEntryId'],
    ['an id that is repeated', [entry('a'), entry('b'), entry('a')], 'BatchEntryIdsNotDistinct'],
    [
      'more than 1 MiB',
      [entry('a', 'x'.repeat(600_000)), entry('b', 'x'.repeat(600_000))],
      'BatchRequestTooLong',
    ],
  ])('a batch with %s fails as a whole', async (_, Entries, code) => {
    const { server, call } = await startServer();
    const queue = server.createQueue('q');
    expect(await call('SendMessageBatch', { QueueUrl: queue.url, Entries })).toMatchObject({
      status: 400,
      queryError: `AWS.SimpleQueueService.${code};Sender`,
      body: { __type: `com.amazonaws.sqs#${code}`, message: expect.stringMatching(/^(?!SendMessageBatch)/) },
    });
    expect(queue.accepted).toEqual([]);
  });

  test.each<[string, string, object | string, string, string]>([
    [
      'a queue that does not exist',
      'SendMessage',
      { QueueUrl: 'http://x/1/no', MessageBody: 'x' },
      'AWS.SimpleQueueService.NonExistentQueue',
      'com.amazonaws.sqs#QueueDoesNotExist',
    ],
    [
      'a queue that is not named',
      'SendMessage',
      { MessageBody: 'x' },
      'MissingParameter',
      'com.amazon.coral.service#MissingRequiredParameterException',
    ],
    [
      'an empty body',
      'SendMessage',
      { QueueUrl: 'http://x/1/q' },
      'MissingParameter',
      'com.amazon.coral.service#MissingRequiredParameterException',
    ],
    [
      'eleven messages at once',
      'ReceiveMessage',
      { QueueUrl: 'http://x/1/q', MaxNumberOfMessages: 11 },
      'InvalidParameterValue',
      'com.amazon.coral.service#InvalidParameterValueException',
    ],
    [
      'a number for a text',
      'SendMessage',
      { QueueUrl: 'http://x/1/q', MessageBody: 1 },
      'SerializationException',
      'com.amazon.coral.service#SerializationException',
    ],
    [
      'what is not JSON',
      'SendMessage',
      '{',
      'SerializationException',
      'com.amazon.coral.service#SerializationException',
    ],
    [
      'an action that it does not have',
      'StartMessageMoveTask',
      {},
      'UnknownOperationException',
      'com.amazon.coral.service#UnknownOperationException',
    ],
  ])('%s is refused', async (_, action, input, code, type) => {
    const { server, call } = await startServer();
    server.createQueue('q');
    expect(await call(action, input)).toMatchObject({
      status: 400,
      queryError: `${code};Sender`,
      body: { __type: type },
    });
  });
});
