// Connections: a request handler for any client of the AWS SDK v3.
export { type PooledHandler, pooledHandler } from './pooled-handler.ts';
export type { PooledHandlerOptions, PoolStats } from './pool-options.ts';
// A client of the installed SDK on such connections.
export {
  createPooledClient,
  type PooledClient,
  type PooledClientOptions,
} from './pooled-client.ts';
// A queue, over any client.
export { createSqsQueue, type SqsQueueOptions } from './sqs-queue.ts';
// Its URL, by its name.
export { resolveQueueUrl } from './sqs-queue-url.ts';
export type { QueueUrlOptions } from './queue-url-cache.ts';
// A layer round a queue.
export { type AdaptiveConcurrencyOptions, adaptiveConcurrency } from './adaptive-concurrency.ts';
// The SDK's shapes, written out.
export type { Credentials, SqsClient, SqsClientConfig, SqsCommand } from './sqs-client.ts';
export type {
  HandlerAbortSignal,
  HandlerCallOptions,
  HandlerRequest,
  HandlerResponse,
} from './sdk-handler.ts';
