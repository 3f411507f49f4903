import { CreateQueueCommand, SQSClient } from '@aws-sdk/client-sqs';
import { describeSdk } from './sdk-suite.ts';

// That this compiles shows that this version's types fit: its client where a `SqsClient` is expected, `pooledHandler`
// as its request handler, and the output of its commands from a `PooledClient`.
describeSdk('the newest supported SDK', {
  userAgent: /^aws-sdk-js\/3\.1\d{3}\./,
  makeClient: (config) => new SQSClient(config),
  createQueue: async (client, name) => {
    const { QueueUrl } = await client.send(new CreateQueueCommand({ QueueName: name }));
    return QueueUrl;
  },
});
