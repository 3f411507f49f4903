import { createLeanClient, createLeanQueue } from '@sqskit/client/lean';
import type { Target } from '../server/start-load-server.ts';
import type { Connection } from './connection.ts';
import { clientSettings } from './contender.ts';

/** Over the lean transport, without the AWS SDK. */
export function overLean({ endpoint, queueUrl }: Target): Connection {
  const client = createLeanClient({ ...clientSettings, endpoint });
  return { queue: createLeanQueue(client, queueUrl), close: () => client.close() };
}
