// A client and a queue that sign and send by themselves: nothing here needs the AWS SDK.

export type { CredentialsProvider } from './credentials-cache.ts';
export { createLeanClient, type LeanClient } from './lean-client.ts';
export type { LeanClientOptions } from './lean-options.ts';
export { createLeanQueue, type LeanQueueOptions } from './lean-queue.ts';
export { resolveLeanQueueUrl } from './lean-queue-url.ts';
export type { PooledHandlerOptions, PoolStats } from './pool-options.ts';
// What they take and give, which the root has too.
export { type PooledHandler, pooledHandler } from './pooled-handler.ts';
export type { QueueUrlOptions } from './queue-url-cache.ts';
export type { Credentials, SqsClient, SqsClientConfig } from './sqs-client.ts';
