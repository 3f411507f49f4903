import type { SendEntry } from '@sqskit/core';
import { describe, expect, test } from 'vitest';
import { fifoQueue, queue, queueForEachTest, server, wireEntries } from './queue-set-up.ts';

queueForEachTest();

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
