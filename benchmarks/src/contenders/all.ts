import type { Target } from '../server/start-load-server.ts';
import type { Connection } from './connection.ts';
import type { Contender } from './contender.ts';

/** `createProducer` as it comes. */
export const sqskit: Contender = {
  name: 'sqskit',
  how: '`createProducer(createSqsQueue(createPooledClient(…), url))` with every option at its default. `send()` is called for each message and its promise awaited later, with at most 10,000 messages under way.',
  open: async (target) => (await import('./sqskit.ts')).openSqskit(await overSdk(target)),
};

export const sqskitLean: Contender = {
  name: 'sqskit, lean',
  how: 'The same producer on the lean transport: `createLeanQueue(createLeanClient(…), url)`, every option at its default.',
  open: async (target) => (await import('./sqskit.ts')).openSqskit(await overLean(target)),
};

/** `createProducer` with the packing envelope. */
export const sqskitPacked: Contender = {
  name: 'sqskit, packed',
  how: 'As `sqskit`, with `envelope: packed()`, every option at its default.',
  open: async (target) => (await import('./sqskit.ts')).openSqskitPacked(await overSdk(target)),
};

export const sqskitPackedLean: Contender = {
  name: 'sqskit, packed, lean',
  how: 'The same on the lean transport.',
  open: async (target) => (await import('./sqskit.ts')).openSqskitPacked(await overLean(target)),
};

export const sqskitTraced: Contender = {
  name: 'sqskit, packed, traced',
  how: 'As `sqskit, packed`, and each message with an X-Ray trace header of its own.',
  open: async (target) =>
    (await import('./sqskit.ts')).openSqskitPacked(await overSdk(target), { traced: true }),
};

/** Each imports its transport and not the other. */
async function overSdk(target: Target): Promise<Connection> {
  return (await import('./sdk-connection.ts')).overSdk(target);
}

async function overLean(target: Target): Promise<Connection> {
  return (await import('./lean-connection.ts')).overLean(target);
}

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
