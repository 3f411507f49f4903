import type { LeanClient } from './lean-client.ts';
import { QueueUrlCache, type QueueUrlOptions } from './queue-url-cache.ts';

const urls = new QueueUrlCache<LeanClient>();

/** The URL of the queue of this name, asked for once for each client. Rejects with a `QueueError`: `queue-missing`, … */
export function resolveLeanQueueUrl(
  client: LeanClient,
  queueName: string,
  options: QueueUrlOptions = {},
): Promise<string> {
  return urls.get(client, queueName, options, (input) => client.call('GetQueueUrl', input));
}
