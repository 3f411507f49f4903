import { describe, expect, test } from 'vitest';
import { createPooledClient, createSqsQueue, pooledHandler } from '../src/index.ts';
import { startScriptedServer } from './scripted-server.ts';
import {
  type Carrier,
  type ClientConfig,
  credentials,
  region,
  type Sdk,
  sdkCarrier,
  shortTimeoutMs,
  type TestClientConfig,
} from './sdk.ts';
import { describePooledClient } from './sdk-pooled-client-suite.ts';
import { describeQueue } from './sdk-queue-suite.ts';
import { expected } from './whole-call-failures.ts';

/** What a user sees of one version of the SDK, through `pooledHandler` and through the SDK's own handler. */
export function describeSdk(name: string, sdk: Sdk): void {
  const clientWith =
    (handlerFor: (requestTimeoutMs: number) => ClientConfig['requestHandler']) =>
    ({ endpoint, credentials, requestTimeoutMs }: TestClientConfig): Carrier =>
      sdkCarrier(
        sdk.makeClient({
          region,
          credentials,
          maxAttempts: 1,
          requestHandler: handlerFor(requestTimeoutMs),
          ...(endpoint !== undefined && { endpoint }),
        }),
      );
  describe(`${name} with pooledHandler`, () => {
    describeQueue(
      sdk.userAgent,
      clientWith((requestTimeoutMs) => pooledHandler({ requestTimeoutMs })),
    );
    describeRetriesOfTheSdk(sdk);
  });
  describe(`${name} with the SDK's own handler`, () => {
    describeQueue(
      sdk.userAgent,
      clientWith((requestTimeout) => ({ requestTimeout, throwOnRequestTimeout: true })),
    );
  });
  describe(`${name} from createPooledClient`, () => {
    describeQueue(sdk.userAgent, (config) => {
      const client = createPooledClient({ region, ...config });
      return sdkCarrier(Object.assign(client, { destroy: () => void client.close() }));
    });
    describePooledClient(sdk);
  });
}

/** `pooledHandler` in a client that keeps the SDK's own retries. */
function describeRetriesOfTheSdk(sdk: Sdk): void {
  test('a client that retries by itself is told of once, and its failures are of unknown outcome', async () => {
    const server = await startScriptedServer();
    const requestHandler = pooledHandler();
    const client = sdk.makeClient({
      region,
      endpoint: server.endpoint,
      maxAttempts: 2,
      credentials,
      requestHandler,
    });
    const warnings: string[] = [];
    const logger = {
      debug: () => undefined,
      warn: (text: string) => warnings.push(text),
      error: () => undefined,
    };
    const queue = createSqsQueue(client, server.queueUrl, { logger });
    // The first attempt may have been carried out, whatever the second one says.
    const refusal = { Failed: [{ Id: '0', Code: 'InvalidMessageContents', SenderFault: true }] };
    server.script(
      { kind: 'reset' },
      { kind: 'error', status: 403, type: 'com.amazonaws.sqs#RequestThrottled' },
    );
    server.script({ kind: 'reset' }, { kind: 'json', body: refusal });
    const error = expected('throttled', 'unknown', 'retryable', 'throttled');
    expect(await queue.sendBatch([{ body: 'a' }])).toMatchObject([{ ok: false, error }]);
    expect(await queue.sendBatch([{ body: 'a' }])).toMatchObject([
      { ok: false, error: expected('service-error', 'unknown') },
    ]);
    expect(warnings).toEqual([expect.stringContaining('up to 2 attempts')]);
    client.destroy();
    await server.stop();
  });

  test('a full pool fails a batch as pool-exhausted, certainly not sent', async () => {
    const server = await startScriptedServer();
    const requestHandler = pooledHandler({ maxConnections: 2, maxWaiting: 0 });
    const client = sdk.makeClient({
      region,
      endpoint: server.endpoint,
      maxAttempts: 1,
      credentials,
      requestHandler,
    });
    const queue = createSqsQueue(client, server.queueUrl);
    server.always({ kind: 'hang' });
    const admitted = [queue.depth(), queue.depth()];
    await server.arrival(2);
    const error = expected('pool-exhausted', 'rejected', 'retryable');
    expect(await queue.sendBatch([{ body: 'a' }])).toMatchObject([{ ok: false, error }]);
    server.release();
    await Promise.all(admitted);
    expect(server.calls).toHaveLength(2);
    client.destroy();
    await server.stop();
  });

  test('the SDK repeats what it would have repeated with its own handler, and knows an abort', async () => {
    const server = await startScriptedServer();
    const requestHandler = pooledHandler({ requestTimeoutMs: shortTimeoutMs });
    const client = sdk.makeClient({
      region,
      endpoint: server.endpoint,
      maxAttempts: 2,
      credentials,
      requestHandler,
    });
    const queue = createSqsQueue(client, server.queueUrl);
    for (const kind of ['reset', 'hang', 'half'] as const) {
      server.script({ kind });
      expect(await queue.depth()).toMatchObject({ visible: 3 });
    }
    expect(server.calls).toHaveLength(6);
    server.script({ kind: 'hang' });
    const controller = new AbortController();
    const aborted = queue.depth({ signal: controller.signal });
    await server.arrival(7);
    controller.abort();
    await expect(aborted).rejects.toMatchObject({ code: 'aborted' });
    expect(server.calls).toHaveLength(7);
    client.destroy();
    await server.stop();
  });
}
