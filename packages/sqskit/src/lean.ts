// Apart, because nothing of it loads the AWS SDK.
export {
  type Credentials,
  type CredentialsProvider,
  createLeanClient,
  createLeanQueue,
  type LeanClient,
  type LeanClientOptions,
  type LeanQueueOptions,
  type PooledHandler,
  type PooledHandlerOptions,
  type PoolStats,
  pooledHandler,
  type QueueUrlOptions,
  resolveLeanQueueUrl,
  type SqsClient,
  type SqsClientConfig,
} from '@sqskit/client/lean';
