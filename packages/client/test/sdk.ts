import type { Queue } from '@sqskit/core';
import {
  type Credentials,
  createSqsQueue,
  type PooledClient,
  type PooledHandler,
  type SqsClient,
} from '../src/index.ts';

/** The configuration that these tests give to an `SQSClient`, whatever its version. */
export interface ClientConfig {
  readonly region: string;
  readonly endpoint?: string;
  readonly maxAttempts: number;
  readonly credentials: Credentials | (() => Promise<Credentials>);
  readonly requestHandler: PooledHandler | DefaultHandlerOptions;
}

/** Options of the SDK's own handler. Without the second, newer versions only warn of the first. */
interface DefaultHandlerOptions {
  readonly requestTimeout: number;
  readonly throwOnRequestTimeout: boolean;
}

/** One version of the SDK. */
export interface Sdk {
  /** As its requests name it in `user-agent`. */
  readonly userAgent: RegExp;
  readonly makeClient: (config: ClientConfig) => SqsClient & { destroy(): void };
  readonly createQueue: (client: PooledClient, name: string) => Promise<string | undefined>;
}

export const credentials: Credentials = { accessKeyId: 'test', secretAccessKey: 'test' };
export const region = 'us-east-1';
// Long enough for a connection on a busy machine, short enough to wait for.
export const shortTimeoutMs = 400;

/** What the tests of a queue need of a client, however it is made. */
export interface TestClientConfig {
  readonly endpoint: string | undefined;
  readonly credentials: ClientConfig['credentials'];
  readonly requestTimeoutMs: number;
}

/** Queues that share what carries their calls. */
export interface Carrier {
  queue(url: string): Queue;
  destroy(): void;
}

/** Queues over a client of the SDK. */
export function sdkCarrier(client: SqsClient & { destroy(): void }): Carrier {
  return { queue: (url) => createSqsQueue(client, url), destroy: () => client.destroy() };
}
