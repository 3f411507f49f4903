import type { ConsumingContender } from './consuming.ts';

export const sqskitConsumer: ConsumingContender = {
  name: 'sqskit',
  how: '`createConsumer(createSqsQueue(createPooledClient(…), url), handler, { maxConcurrency: 100 })`, every other option at its default.',
  async open(setup) {
    const { overSdk } = await import('./sdk-connection.ts');
    return (await import('./sqskit-consumer.ts')).openSqskitConsumer(overSdk(setup.target), setup);
  },
};

export const sqskitLeanConsumer: ConsumingContender = {
  name: 'sqskit, lean',
  how: 'The same on the lean transport: `createLeanQueue(createLeanClient(…), url)`.',
  async open(setup) {
    const { overLean } = await import('./lean-connection.ts');
    return (await import('./sqskit-consumer.ts')).openSqskitConsumer(overLean(setup.target), setup);
  },
};

export const squissConsumer: ConsumingContender = {
  name: 'squiss-ts',
  how: "`new Squiss({ awsConfig, queueUrl, bodyFormat: 'json', maxInFlight: 100 })`; the `message` listener awaits the handler and calls `message.del()`. It has one receive under way at a time, and no option for more.",
  open: async (setup) => (await import('./squiss-consumer.ts')).openSquissConsumer(setup),
};

export const sqsConsumer: ConsumingContender = {
  name: 'sqs-consumer, handleMessage',
  how: '`Consumer.create({ queueUrl, sqs, batchSize: 10, handleMessage })`: its documentation names `batchSize`, of which 10 is the most, for messages in parallel. It receives again when all ten are handled and deleted.',
  open: async (setup) => (await import('./sqs-consumer.ts')).openSqsConsumer(setup),
};

export const sqsConsumerOfBatches: ConsumingContender = {
  name: 'sqs-consumer, handleMessageBatch',
  how: 'The same with `handleMessageBatch`, which handles the ten together: they are deleted in one call.',
  open: async (setup) => (await import('./sqs-consumer.ts')).openSqsConsumerOfBatches(setup),
};

export const fourLoops: ConsumingContender = {
  name: 'SDK, four loops',
  how: 'Written by hand: four loops, each of which receives ten messages, handles them together, and deletes them with `DeleteMessageBatchCommand`, on an `SQSClient` as it comes.',
  open: async (setup) => (await import('./aws-sdk-consumer.ts')).openLoops(setup, 4),
};
