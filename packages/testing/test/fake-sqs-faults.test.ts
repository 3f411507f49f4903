import { once } from 'node:events';
import { createConnection } from 'node:net';
import { describe, expect, test } from 'vitest';
import { createFakeClock, scriptedFaults, startFakeSqs } from '../src/index.ts';
import { startServer } from './fake-sqs-set-up.ts';

async function startFaulty() {
  const faults = scriptedFaults();
  const under = await startServer({ faults });
  const queue = under.server.createQueue('q');
  const send = (...bodies: readonly string[]) =>
    under.call('SendMessageBatch', {
      QueueUrl: queue.url,
      Entries: bodies.map((MessageBody, index) => ({ Id: String(index), MessageBody })),
    });
  return { ...under, faults, queue, send };
}

describe('faults over HTTP', () => {
  test('an error of the service has its status and its code', async () => {
    const { faults, queue, send } = await startFaulty();
    faults.failNext('sendBatch', { kind: 'throttle' }).failNext('sendBatch', { kind: 'unavailable' });
    expect(await send('a')).toMatchObject({ status: 400, queryError: 'RequestThrottled;Sender' });
    expect(await send('a')).toMatchObject({ status: 503, queryError: 'ServiceUnavailable;Receiver' });
    expect(queue.accepted).toEqual([]);
    expect(queue.injectedFaults).toMatchObject({ throttle: 1, unavailable: 1 });
  });

  test('of a lost reply the connection ends when the message is there', async () => {
    const { faults, queue, send } = await startFaulty();
    faults.failNext('sendBatch', { kind: 'lost-reply', timeoutMs: 0 });
    await expect(send('kept')).rejects.toThrow('fetch failed');
    expect(queue.accepted).toMatchObject([{ body: 'kept' }]);
  });

  test('of a lost request the connection ends and nothing has happened', async () => {
    const { faults, queue, send } = await startFaulty();
    faults.failNext('sendBatch', { kind: 'lost-request', timeoutMs: 0 });
    await expect(send('lost')).rejects.toThrow('fetch failed');
    expect(queue.accepted).toEqual([]);
  });

  test('entries fail alone, retryable or not, and one is answered with another digest', async () => {
    const { faults, queue, send } = await startFaulty();
    faults.failNext('sendBatch', [
      { kind: 'entry-failure', positions: [0] },
      { kind: 'entry-rejection', positions: [1] },
      { kind: 'md5-mismatch', positions: [2] },
    ]);
    expect((await send('a', 'b', 'c', 'd')).body).toMatchObject({
      Failed: [
        { Id: '0', SenderFault: false, Code: 'InternalError' },
        { Id: '1', SenderFault: true, Code: 'InvalidParameterValue' },
      ],
      Successful: [{ Id: '2', MD5OfMessageBody: '0'.repeat(32) }, { Id: '3' }],
    });
    expect(queue.accepted).toMatchObject([{ body: 'c' }, { body: 'd' }]);
  });

  test('a failure of one message is that of its call', async () => {
    const { call, faults, queue } = await startFaulty();
    faults.failNext('sendBatch', { kind: 'entry-failure' });
    const sent = await call('SendMessage', { QueueUrl: queue.url, MessageBody: 'a' });
    expect(sent).toMatchObject({ status: 400, queryError: 'InternalError;Sender' });
  });

  test('a full queue refuses a short poll, and lets a long one wait', async () => {
    const { call, server } = await startServer();
    const queue = server.createQueue('full', { maxInFlight: 1 });
    await queue.sendBatch([{ body: 'a' }, { body: 'b' }]);
    const QueueUrl = queue.url;
    const [first] = await queue.receive({ maxMessages: 10, waitTimeMs: 0 });
    const refused = await call('ReceiveMessage', { QueueUrl, WaitTimeSeconds: 0 });
    expect(refused).toMatchObject({ status: 400, queryError: 'OverLimit;Sender' });
    const poll = call('ReceiveMessage', { QueueUrl, WaitTimeSeconds: 20 });
    await call('DeleteMessage', { QueueUrl, ReceiptHandle: first?.receiptHandle });
    expect((await poll).body).toMatchObject({ Messages: [{ Body: 'b' }] });
  });
});

describe('the server itself', () => {
  test('counts requests by action, those that fail included', async () => {
    const { call, server } = await startServer();
    await call('ListQueues');
    await call('GetQueueUrl', { QueueName: 'no' });
    await call('GetQueueUrl', { QueueName: 'no' });
    expect(server.requests).toBe(3);
    expect(server.requestsOf('GetQueueUrl')).toBe(2);
    expect(server.requestsOf('SendMessage')).toBe(0);
  });

  test('runs on the clock that it is given', async () => {
    const clock = createFakeClock();
    const { call, server } = await startServer({ clock });
    const queue = server.createQueue('q');
    await queue.sendBatch([{ body: 'hour' }]);
    await queue.receive({ maxMessages: 1, waitTimeMs: 0, visibilityTimeoutMs: 3_600_000 });
    const poll = (): Promise<unknown> =>
      call('ReceiveMessage', { QueueUrl: queue.url }).then(({ body }) => body);
    expect(await poll()).toEqual({});
    await clock.advance(3_600_000);
    expect(await poll()).toMatchObject({ Messages: [{ Body: 'hour' }] });
  });

  test('takes its time', async () => {
    const { call, server } = await startServer({ latencyMs: 40 });
    const { url: QueueUrl } = server.createQueue('q');
    const began = performance.now();
    await call('SendMessage', { QueueUrl, MessageBody: 'x' });
    expect(performance.now() - began).toBeGreaterThanOrEqual(38);
  });

  test('ends long polls and connections when it is closed', async () => {
    const server = await startFakeSqs();
    const { url } = server.createQueue('q');
    const poll = fetch(server.endpoint, {
      method: 'POST',
      headers: { 'x-amz-target': 'AmazonSQS.ReceiveMessage' },
      body: JSON.stringify({ QueueUrl: url, WaitTimeSeconds: 20 }),
    }).catch(() => 'ended');
    await fetch(server.endpoint, { method: 'POST', body: '{}' });
    await server.close();
    expect(await poll).toBe('ended');
    await server[Symbol.asyncDispose](); // once more does nothing
    const refused = createConnection({ host: '127.0.0.1', port: Number(new URL(server.endpoint).port) });
    const [error] = await once(refused, 'error');
    expect(error).toMatchObject({ code: 'ECONNREFUSED' });
  });

  test('says what it does not take', async () => {
    await expect(startFakeSqs({ port: 70_000 })).rejects.toMatchObject({ code: 'option-invalid' });
    const { server } = await startServer();
    const port = Number(new URL(server.endpoint).port);
    await expect(startFakeSqs({ port })).rejects.toMatchObject({ code: 'EADDRINUSE' });
  });
});
