import type { Queue } from '@sqskit/core';
import { type FakeSqs, type ScriptedFaults, scriptedFaults, startFakeSqs } from '@sqskit/testing';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { type ScriptedServer, startScriptedServer } from './scripted-server.ts';

import { type Carrier, credentials, shortTimeoutMs, type TestClientConfig } from './sdk.ts';
import { expected, wholeCallFailures } from './whole-call-failures.ts';

/** A queue over any client: what a user sees of it. */
export function describeQueue(userAgent: RegExp, carrierFrom: (config: TestClientConfig) => Carrier): void {
  let server: ScriptedServer;
  let sqs: FakeSqs;
  let faults: ScriptedFaults;
  let carriers: Carrier[] = [];
  const queueOf = (url: string, config: Partial<TestClientConfig> = {}): Queue => {
    const carrier = carrierFrom({
      endpoint: server.endpoint,
      credentials,
      requestTimeoutMs: 10_000,
      ...config,
    });
    carriers.push(carrier);
    return carrier.queue(url);
  };
  const realQueue = (name: string): Queue => queueOf(sqs.createQueue(name).url, { endpoint: sqs.endpoint });
  let queue: Queue;
  beforeAll(async () => {
    faults = scriptedFaults();
    sqs = await startFakeSqs({ faults });
  });
  beforeEach(async () => {
    server = await startScriptedServer();
    queue = queueOf(server.queueUrl);
    return async () => {
      for (const carrier of carriers) {
        carrier.destroy();
      }
      carriers = [];
      await server.stop();
    };
  });
  afterAll(async () => {
    await sqs.close();
  });

  test('is the version that it is meant to be', async () => {
    await queue.depth();
    expect(server.calls[0]?.headers['user-agent']).toMatch(userAgent);
  });

  test('a message is sent, received with all its attributes, kept from others, released and deleted', async () => {
    const real = realQueue('round-trip');
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
    const real = realQueue('partial');
    const outcomes = await real.sendBatch([{ body: 'good' }, { body: 'bad \u0000' }, { body: 'good too' }]);
    expect(outcomes).toMatchObject([
      { ok: true },
      { ok: false, error: { code: 'service-error', outcome: 'rejected', retryable: false } },
      { ok: true },
    ]);
    expect(await real.depth()).toMatchObject({ visible: 2 });
  });

  test('a call that SQS refuses fails with what it is refused for', async () => {
    const real = realQueue('refusing');
    const send = (): Promise<unknown> => real.sendBatch([{ body: 'a' }]);
    faults
      .failNext('sendBatch', { kind: 'throttle' })
      .failNext('sendBatch', { kind: 'unavailable' })
      .failNext('sendBatch', { kind: 'batch-too-large' })
      .failNext('sendBatch', { kind: 'lost-reply', timeoutMs: 0 });
    expect(await send()).toMatchObject([{ ok: false, error: { code: 'throttled', retryable: true } }]);
    expect(await send()).toMatchObject([{ ok: false, error: { code: 'service-error', retryable: true } }]);
    expect(await send()).toMatchObject([{ ok: false, error: { code: 'batch-too-large' } }]);
    expect(await send()).toMatchObject([{ ok: false, error: { code: 'network-error', outcome: 'unknown' } }]);
    expect(await real.depth()).toMatchObject({ visible: 1 });
    expect(await real.deleteBatch(['never was one'])).toMatchObject([
      { ok: false, error: { code: 'receipt-handle-invalid' } },
    ]);
    const missing = queueOf(`${sqs.endpoint}/000000000000/missing`, { endpoint: sqs.endpoint });
    await expect(missing.depth()).rejects.toMatchObject({ code: 'queue-missing', retryable: false });
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
    const impatient = queueOf(server.queueUrl, { requestTimeoutMs: shortTimeoutMs });
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
    const poor = queueOf(server.queueUrl, { credentials: () => Promise.reject(missing) });
    const error = expected('access-denied', 'rejected', 'retryable');
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
    const abroad = queueOf(url, { endpoint: undefined });
    const error = {
      ...expected('region-mismatch', 'rejected'),
      details: { clientRegion: 'us-east-1', queueRegion: 'eu-west-1' },
    };
    expect(await abroad.deleteBatch(['handle'])).toMatchObject([{ ok: false, error }]);
    await expect(abroad.receive({ maxMessages: 1, waitTimeMs: 0 })).rejects.toMatchObject(error);
  });

  test('an endpoint outside AWS may answer for any region', async () => {
    const url = 'https://sqs.eu-west-1.amazonaws.com/123456789012/orders';
    expect(await queueOf(url).depth()).toMatchObject({ visible: 3 });
    expect(server.calls[0]?.input).toMatchObject({ QueueUrl: url });
  });
}
