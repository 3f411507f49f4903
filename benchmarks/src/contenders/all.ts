import type { Contender } from './contender.ts';

/** `createProducer` as it comes. */
export const sqskit: Contender = {
  name: 'sqskit',
  how: '`createProducer(createSqsQueue(createPooledClient(…), url))` with every option at its default. `send()` is called for each message and its promise awaited later, with at most 10,000 messages under way.',
  open: async (target) => (await import('./sqskit.ts')).openSqskit(target),
};

/** `createProducer` with the packing envelope. */
export const sqskitPacked: Contender = {
  name: 'sqskit, packed',
  how: 'The same with `envelope: packed()`, every option at its default.',
  open: async (target) => (await import('./sqskit.ts')).openSqskitPacked(target),
};

export const sqskitTraced: Contender = {
  name: 'sqskit, packed, traced',
  how: 'The same again, and each message with an X-Ray trace header of its own.',
  open: async (target) => (await import('./sqskit.ts')).openSqskitPacked(target, { traced: true }),
};

export const sqsProducer: Contender = {
  name: 'sqs-producer',
  how: '`Producer.create({ queueUrl, sqs })` with its default and largest `batchSize`, 10; arrays of 1,000 to `send`, one after the other. It sends the batches of an array one after the other, and has no option for more.',
  open: async (target) => (await import('./sqs-producer.ts')).openSqsProducer(target),
};

export const squissTs: Contender = {
  name: 'squiss-ts',
  how: '`new Squiss({ awsConfig, queueUrl })`; arrays of 1,000 objects to `sendMessages`, one after the other. It sends all 100 batches of an array at once. Its options offer nothing more for sending: `gzip` is brotli at its slowest, and makes for a smaller but much dearer message.',
  open: async (target) => (await import('./squiss-ts.ts')).openSquiss(target),
};

export const oneByOne: Contender = {
  name: 'SDK, one by one',
  how: '`await client.send(new SendMessageCommand(…))` for each message, on an `SQSClient` as it comes.',
  open: async (target) => (await import('./aws-sdk.ts')).openOneByOne(target),
};

export const batchesInTurn: Contender = {
  name: 'SDK, batches in turn',
  how: '`SendMessageBatchCommand` with ten entries, one after the other.',
  open: async (target) => (await import('./aws-sdk.ts')).openBatches(target, 1),
};

/** As many batches at a time as our producer starts with, and as many as the SDK's client has sockets. */
export const parallelBatches: readonly Contender[] = [16, 50].map((parallel) => ({
  name: `SDK, ${parallel} batches at a time`,
  how: `A hand-written pool: ${parallel} loops, each of which sends the next ten messages with \`SendMessageBatchCommand\`. The client's own limit is 50 sockets.`,
  open: async (target) => (await import('./aws-sdk.ts')).openBatches(target, parallel),
}));
