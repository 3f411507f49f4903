import { SQSClient } from '@aws-sdk/client-sqs';
import { Consumer, type StopOptions } from 'sqs-consumer';
import { clientSettings } from '../contenders/contender.ts';
import type { Target } from '../server/start-load-server.ts';
import type { Handle, Settings, Subject } from './library.ts';

const maxBatchSize = 10;

export function openSqsConsumer({ endpoint, queueUrl }: Target, handle: Handle, settings: Settings): Subject {
  const { slots, waitS, leaseS, handlerTimeoutMs, retryDelayS, returnsNothing, isUnheard } = settings;
  const consumer = Consumer.create({
    queueUrl,
    sqs: new SQSClient({ ...clientSettings, endpoint }),
    async handleMessage(message) {
      const { MessageId: id = '', Body = '' } = message;
      await handle({ id, body: JSON.parse(Body) });
      return returnsNothing ? undefined : message;
    },
    ...(slots !== undefined && { batchSize: Math.min(slots, maxBatchSize) }),
    ...(waitS !== undefined && { waitTimeSeconds: waitS }),
    ...(leaseS !== undefined && { visibilityTimeout: leaseS, heartbeatInterval: leaseS / 2 }),
    ...(handlerTimeoutMs !== undefined && { handleMessageTimeout: handlerTimeoutMs }),
    ...(retryDelayS !== undefined && { terminateVisibilityTimeout: retryDelayS === 0 || retryDelayS }),
  });
  if (!isUnheard) {
    for (const event of ['error', 'processing_error', 'timeout_error'] as const) {
      consumer.on(event, () => undefined);
    }
  }
  const stop = (options?: StopOptions): Promise<void> => {
    const stopped = new Promise<void>((resolve) => {
      consumer.once('stopped', () => resolve());
    });
    consumer.stop(options);
    return stopped;
  };
  return { start: () => consumer.start(), stop: () => stop(), stopSoon: () => stop({ abort: true }) };
}
