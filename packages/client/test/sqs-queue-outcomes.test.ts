import { inspect } from 'node:util';
import { describe, expect, test, vi } from 'vitest';
import { createSqsQueue } from '../src/index.ts';
import { client, queue, queueForEachTest, server } from './queue-set-up.ts';
import { acceptedEntry } from './scripted-server.ts';

queueForEachTest();

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

  test.each([
    ['Value AQEB+a/b= c for parameter ReceiptHandle is invalid. Reason: The receipt handle has expired.'],
    ['The input receipt handle "AQEB+a/b= c" is not a valid receipt handle.'],
  ])('SQS named a receipt handle in its text, and the error repeated it: %s', async (text) => {
    const failed = { Id: '0', Code: 'ReceiptHandleIsInvalid', Message: text, SenderFault: true };
    server.script(
      { kind: 'json', body: { Successful: [], Failed: [failed] } },
      {
        kind: 'json',
        status: 400,
        body: { __type: 'com.amazonaws.sqs#ReceiptHandleIsInvalid', message: text },
      },
    );
    for (const outcome of [...(await queue.deleteBatch(['h'])), ...(await queue.deleteBatch(['h']))]) {
      expect(outcome).toMatchObject({ ok: false, error: { code: 'receipt-handle-invalid' } });
      const message = outcome.ok ? '' : outcome.error.message;
      expect(message).toMatch(
        /ReceiptHandleIsInvalid: .*\[receipt handle\].* valid|\[receipt handle\].*Reason/,
      );
      expect(message).not.toContain('AQEB');
      expect(inspect(outcome)).not.toContain('AQEB');
    }
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
