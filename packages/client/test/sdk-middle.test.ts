import { CreateQueueCommand, SQSClient } from 'client-sqs-middle';
import { vi } from 'vitest';
import { describeSdk } from './sdk-suite.ts';

// What is built here with `@aws-sdk/client-sqs` is built with this version of it.
vi.mock('@aws-sdk/client-sqs', () => import('client-sqs-middle'));

// That this compiles shows that this version's types fit: its client where a `SqsClient` is expected, `pooledHandler`
// as its request handler, and the output of its commands from a `PooledClient`.
describeSdk('the middle supported SDK', {
  userAgent: /^aws-sdk-js\/3\.864\./,
  makeClient: (config) => new SQSClient(config),
  createQueue: async (client, name) => {
    const { QueueUrl } = await client.send(new CreateQueueCommand({ QueueName: name }));
    return QueueUrl;
  },
});
