import type { Queue } from '@sqskit/core';
import { afterEach, beforeEach, vi } from 'vitest';
import { type Credentials, createPooledClient, createSqsQueue, type PooledClient } from '../src/index.ts';
import { type ScriptedServer, startScriptedServer } from './scripted-server.ts';

export const region = 'us-east-1';
export const credentials: Credentials = { accessKeyId: 'test', secretAccessKey: 'test' };

/** The scripted server of the test that runs, a client of it, and a queue over that. */
export let server: ScriptedServer;
export let client: PooledClient;
export let queue: Queue;

/** Gives each test of a file all three, and closes them after. */
export function queueForEachTest(): void {
  beforeEach(async () => {
    server = await startScriptedServer();
    client = createPooledClient({ region, endpoint: server.endpoint, credentials });
    queue = createSqsQueue(client, server.queueUrl);
  });
  afterEach(async () => {
    vi.unstubAllEnvs();
    await client.close();
    await server.stop();
  });
}

export function fifoQueue(): Queue {
  return createSqsQueue(client, `${server.queueUrl}.fifo`);
}

/** The entries of the last call, as they were on the wire. */
export function wireEntries(): unknown {
  return server.calls.at(-1)?.input['Entries'];
}
