import { setTimeout as delay } from 'node:timers/promises';
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
      consumer.stop(); // which ends no poll, and waits for none
      while (consumer.status.isPolling) {
        await delay(1);
      }
      sqs.destroy();
    },
  };
}

function handled(handle: Handle, { Body = '' }: Message): Promise<void> {
  return handle(JSON.parse(Body));
}
