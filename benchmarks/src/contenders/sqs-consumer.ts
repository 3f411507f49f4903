import { type Message, SQSClient } from '@aws-sdk/client-sqs';
import { Consumer, type ConsumerOptions } from 'sqs-consumer';
import type { ConsumingSetup, Handle } from './consuming.ts';
import { clientSettings } from './contender.ts';

/** The most that it takes. */
const batchSize = 10;

export function openSqsConsumer(setup: ConsumingSetup): AsyncDisposable {
  return open(setup, {
    async handleMessage(message) {
      await handled(setup.handle, message);
      return message; // or it is not deleted
    },
  });
}

export function openSqsConsumerOfBatches(setup: ConsumingSetup): AsyncDisposable {
  return open(setup, {
    async handleMessageBatch(messages) {
      await Promise.all(messages.map((message) => handled(setup.handle, message)));
      return messages;
    },
  });
}

function open(
  { target: { endpoint, queueUrl } }: ConsumingSetup,
  handlers: Pick<ConsumerOptions, 'handleMessage' | 'handleMessageBatch'>,
): AsyncDisposable {
  const sqs = new SQSClient({ ...clientSettings, endpoint });
  const consumer = Consumer.create({ queueUrl, sqs, batchSize, ...handlers });
  consumer.start();
  return {
    async [Symbol.asyncDispose]() {
      // `stopped` comes at once; what it has received then is yet to be deleted.
      const processed = new Promise<void>((resolve) => {
        consumer.once('response_processed', () => resolve());
      });
      consumer.stop();
      await processed;
      sqs.destroy();
    },
  };
}

function handled(handle: Handle, { Body = '' }: Message): Promise<void> {
  return handle(JSON.parse(Body));
}
