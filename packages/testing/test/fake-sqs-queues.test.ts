import { describe, expect, test } from 'vitest';
import { startServer } from './fake-sqs-set-up.ts';

describe('queues of the server', () => {
  test('are made, found by name, listed and removed', async () => {
    const { server, call } = await startServer();
    const url = (name: string): string => `${server.endpoint}/000000000000/${name}`;
    for (const QueueName of ['orders', 'orders-dead', 'mail']) {
      expect(await call('CreateQueue', { QueueName })).toMatchObject({ body: { QueueUrl: url(QueueName) } });
    }
    expect((await call('GetQueueUrl', { QueueName: 'mail' })).body).toEqual({ QueueUrl: url('mail') });
    expect((await call('ListQueues')).body).toEqual({
      QueueUrls: ['orders', 'orders-dead', 'mail'].map(url),
    });
    expect((await call('ListQueues', { QueueNamePrefix: 'orders', MaxResults: 1 })).body).toEqual({
      QueueUrls: [url('orders')],
      NextToken: '1',
    });
    expect(
      (await call('ListQueues', { QueueNamePrefix: 'orders', MaxResults: 1, NextToken: '1' })).body,
    ).toEqual({ QueueUrls: [url('orders-dead')] });
    await call('DeleteQueue', { QueueUrl: url('orders') });
    expect((await call('GetQueueUrl', { QueueName: 'orders' })).status).toBe(400);
    expect(server.queue('orders')).toBeUndefined();
  });

  test('are the same for any host and account in their url', async () => {
    const { server, call } = await startServer();
    server.createQueue('orders');
    const QueueUrl = 'https://sqs.eu-west-1.amazonaws.com/123456789012/orders';
    await call('SendMessage', { QueueUrl, MessageBody: 'hello' });
    expect(server.queue('orders')?.accepted).toMatchObject([{ body: 'hello' }]);
  });

  test('have the attributes that they were made with, and SQS’s defaults for the rest', async () => {
    const { call } = await startServer();
    await call('CreateQueue', { QueueName: 'dead.fifo', Attributes: { FifoQueue: 'true' } });
    const RedrivePolicy = JSON.stringify({
      deadLetterTargetArn: 'arn:aws:sqs:us-east-1:000000000000:dead.fifo',
      maxReceiveCount: 3,
    });
    const Attributes = {
      FifoQueue: 'true',
      ContentBasedDeduplication: 'true',
      DelaySeconds: '7',
      VisibilityTimeout: '60',
      MaximumMessageSize: '2048',
      ReceiveMessageWaitTimeSeconds: '5',
      RedrivePolicy,
      DeduplicationScope: 'messageGroup',
    };
    const { QueueUrl } = (await call('CreateQueue', { QueueName: 'all.fifo', Attributes })).body;
    const all = await call('GetQueueAttributes', { QueueUrl, AttributeNames: ['All'] });
    expect(all.body['Attributes']).toEqual({
      ...Attributes,
      FifoThroughputLimit: 'perQueue',
      MessageRetentionPeriod: '345600',
      SqsManagedSseEnabled: 'true',
      QueueArn: 'arn:aws:sqs:us-east-1:000000000000:all.fifo',
      ApproximateNumberOfMessages: '0',
      ApproximateNumberOfMessagesNotVisible: '0',
      ApproximateNumberOfMessagesDelayed: '0',
      CreatedTimestamp: expect.stringMatching(/^\d{10}$/),
      LastModifiedTimestamp: expect.stringMatching(/^\d{10}$/),
    });
    const some = await call('GetQueueAttributes', { QueueUrl, AttributeNames: ['DelaySeconds', 'Policy'] });
    expect(some.body).toEqual({ Attributes: { DelaySeconds: '7' } });
    expect((await call('GetQueueAttributes', { QueueUrl })).body).toEqual({});
  });

  test('a queue is made once: again with the same attributes it is the one that there is', async () => {
    const { call } = await startServer();
    const made = await call('CreateQueue', { QueueName: 'q', Attributes: { VisibilityTimeout: '60' } });
    expect((await call('CreateQueue', { QueueName: 'q' })).body).toEqual(made.body);
    const other = await call('CreateQueue', { QueueName: 'q', Attributes: { VisibilityTimeout: '61' } });
    expect(other).toMatchObject({
      status: 400,
      queryError: 'QueueAlreadyExists;Sender',
      body: { __type: 'com.amazonaws.sqs#QueueNameExists' },
    });
  });

  test.each([
    ['a name with a space', 'a b', {}, 'InvalidParameterValue'],
    ['a name of 81 characters', 'q'.repeat(81), {}, 'InvalidParameterValue'],
    ['a FIFO queue without .fifo', 'q', { FifoQueue: 'true' }, 'InvalidParameterValue'],
    ['a standard queue with .fifo', 'q.fifo', {}, 'InvalidParameterValue'],
    ['FifoQueue false', 'q', { FifoQueue: 'false' }, 'InvalidAttributeName'],
    ['an unknown attribute', 'q', { Colour: 'red' }, 'InvalidAttributeName'],
    ['a delay beyond 15 minutes', 'q', { DelaySeconds: '901' }, 'InvalidAttributeValue'],
    ['a size that is no number', 'q', { MaximumMessageSize: 'large' }, 'InvalidAttributeValue'],
    ['a redrive policy that is not JSON', 'q', { RedrivePolicy: '{' }, 'InvalidAttributeValue'],
    [
      'a redrive policy without a count',
      'q',
      { RedrivePolicy: '{"deadLetterTargetArn":"a"}' },
      'InvalidAttributeValue',
    ],
    [
      'a dead-letter queue that does not exist',
      'q',
      {
        RedrivePolicy:
          '{"deadLetterTargetArn":"arn:aws:sqs:us-east-1:000000000000:no","maxReceiveCount":"3"}',
      },
      'InvalidParameterValue',
    ],
  ])('%s is refused', async (_, QueueName, Attributes, code) => {
    const { server, call } = await startServer();
    expect(await call('CreateQueue', { QueueName, Attributes })).toMatchObject({
      status: 400,
      queryError: `${code};Sender`,
    });
    expect(server.queue(QueueName)).toBeUndefined();
  });

  test('an attribute that SQS does not know cannot be asked for', async () => {
    const { server, call } = await startServer();
    const QueueUrl = server.createQueue('q').url;
    for (const name of ['Colour', 'FifoQueue']) {
      const { queryError } = await call('GetQueueAttributes', { QueueUrl, AttributeNames: [name] });
      expect(queryError).toBe('InvalidAttributeName;Sender');
    }
  });

  test('a purge empties a queue, what is in flight and delayed included', async () => {
    const { server, call } = await startServer();
    const queue = server.createQueue('q');
    await queue.sendBatch([{ body: 'a' }, { body: 'b' }, { body: 'c', delayMs: 60_000 }]);
    const [message] = await queue.receive({ maxMessages: 1, waitTimeMs: 0 });
    await call('PurgeQueue', { QueueUrl: queue.url });
    expect(queue.messages()).toEqual([]);
    expect(queue.deleted).toHaveLength(3);
    expect(await queue.depth()).toEqual({ visible: 0, inFlight: 0, delayed: 0 });
    expect(await queue.deleteBatch([message?.receiptHandle ?? ''])).toEqual([{ ok: true }]);
    expect(queue.deleted).toHaveLength(3);
  });

  test('options of one queue go before those of the server', async () => {
    const { server, call } = await startServer({ history: false });
    const kept = server.createQueue('kept', { history: true, visibilityTimeoutMs: 1_000 });
    const plain = server.createQueue('plain');
    for (const { url } of [kept, plain]) {
      await call('SendMessage', { QueueUrl: url, MessageBody: 'x' });
    }
    expect([kept.accepted.length, plain.accepted.length]).toEqual([1, 0]);
    expect(await kept.describe()).toMatchObject({ visibilityTimeoutMs: 1_000 });
    expect(() => server.createQueue('not a name')).toThrow(
      expect.objectContaining({ code: 'queue-url-invalid' }),
    );
  });
});
