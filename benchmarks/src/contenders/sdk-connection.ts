import { createPooledClient, createSqsQueue } from '@sqskit/client';
import type { Target } from '../server/start-load-server.ts';
import type { Connection } from './connection.ts';
import { clientSettings } from './contender.ts';

/** Over the AWS SDK, on our pooled client. */
export function overSdk({ endpoint, queueUrl }: Target): Connection {
  const client = createPooledClient({ ...clientSettings, endpoint });
  return { queue: createSqsQueue(client, queueUrl), close: () => client.close() };
}
