import { startFakeSqs } from '@sqskit/testing';
import { expect, test, vi } from 'vitest';
import { createPooledClient, createSqsQueue } from '../src/index.ts';
import { startScriptedServer } from './scripted-server.ts';

import { credentials, region, type Sdk } from './sdk.ts';
/** What `createPooledClient` adds to the SDK. */
export function describePooledClient(sdk: Sdk): void {
  test('sends any command of the SDK, with the type of its output', async () => {
    await using sqs = await startFakeSqs();
    await using client = createPooledClient({
      region,
      endpoint: sqs.endpoint,
      credentials: async () => credentials,
    });
    expect(await sdk.createQueue(client, 'made')).toMatch(/\/made$/);
  });

  test('makes one attempt, whatever the environment says, and delays no call after throttles', async () => {
    const server = await startScriptedServer();
    vi.stubEnv('AWS_MAX_ATTEMPTS', '5');
    vi.stubEnv('AWS_RETRY_MODE', 'adaptive');
    await using client = createPooledClient({ region, endpoint: server.endpoint, credentials });
    const warnings: string[] = [];
    const logger = {
      debug: () => undefined,
      warn: (text: string) => warnings.push(text),
      error: () => undefined,
    };
    const queue = createSqsQueue(client, server.queueUrl, { logger });
    server.always({ kind: 'error', status: 503, type: 'ServiceUnavailable' });
    await queue.sendBatch([{ body: 'a' }]);
    expect(server.calls).toHaveLength(1);
    expect(server.calls[0]?.headers['amz-sdk-request']).toBe('attempt=1; max=1');
    expect(warnings).toEqual([]);
    vi.unstubAllEnvs();
    await server.stop();
  });

  test('finds region and credentials by the chain of the SDK', async () => {
    const server = await startScriptedServer();
    vi.stubEnv('AWS_REGION', 'ap-southeast-2');
    vi.stubEnv('AWS_ACCESS_KEY_ID', 'from-the-environment');
    vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'secret');
    await using client = createPooledClient({ endpoint: server.endpoint });
    await createSqsQueue(client, server.queueUrl).depth();
    vi.unstubAllEnvs();
    expect(await client.config.region()).toBe('ap-southeast-2');
    expect(server.calls[0]?.headers.authorization).toMatch(
      /Credential=from-the-environment\/\d+\/ap-southeast-2\/sqs/,
    );
    await server.stop();
  });

  test('after close every call fails as closed, and no connection is left', async () => {
    const server = await startScriptedServer();
    const client = createPooledClient({ region, endpoint: server.endpoint, credentials });
    const queue = createSqsQueue(client, server.queueUrl);
    server.script({ kind: 'hang' });
    const underWay = queue.sendBatch([{ body: 'a' }]);
    await server.arrival(1);
    expect(client.stats()).toEqual({ active: 1, longPolls: 0, waiting: 0, connections: 1 });
    const closing = client.close();
    expect(await queue.sendBatch([{ body: 'b' }])).toMatchObject([
      { ok: false, error: { code: 'closed', outcome: 'rejected', retryable: false } },
    ]);
    server.release();
    expect(await underWay).toMatchObject([{ ok: true }]);
    await closing;
    await server.quiet();
    expect(client.stats()).toEqual({ active: 0, longPolls: 0, waiting: 0, connections: 0 });
    await server.stop();
  });
}
