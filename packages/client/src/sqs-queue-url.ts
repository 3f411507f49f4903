import { GetQueueUrlCommand } from '@aws-sdk/client-sqs';
import { systemClock } from '@sqskit/core/clock';
import { QueueUrlCache, type QueueUrlOptions } from './queue-url-cache.ts';
import { sdkCall } from './sdk-call.ts';
import type { SqsClient } from './sqs-client.ts';

const urls = new QueueUrlCache<SqsClient>();

/** The URL of the queue of this name, asked for once for each client. Rejects with a `QueueError`: `queue-missing`, … */
export function resolveQueueUrl(
  client: SqsClient,
  queueName: string,
  options: QueueUrlOptions = {},
): Promise<string> {
  return urls.get(client, queueName, options, (input) =>
    sdkCall(client, systemClock, 'GetQueueUrl', new GetQueueUrlCommand(input), undefined),
  );
}
