import { CreateQueueCommand } from '@aws-sdk/client-sqs';
import { createPooledClient, createSqsQueue, type PooledClient } from '@sqskit/client';
import { isQueueError, type Queue, type QueueDescription } from '@sqskit/core';
import { parseQueueUrl } from '@sqskit/core/queue-url';
import { type Emulator, startEmulator } from './emulator.ts';
import { RunError, reasonOf } from './failure.ts';
import { type DemoRegion, homeRegion } from './regions.ts';
import type { ClientConfig } from './way.ts';

/** A queue of one region that is known to be there. */
export interface Place {
  readonly region: DemoRegion;
  /** For clients of this region. */
  readonly clientConfig: ClientConfig;
  readonly queue: Queue;
  readonly dollarsPerMillionRequests: number;
  readonly description: QueueDescription;
  readonly deadLetterQueue: Queue | undefined;
}

/** Where the messages go. */
export interface Target {
  readonly isEmulator: boolean;
  /** For people. */
  readonly name: string;
  /** The queues for one of the ways: one in each of these regions, or a real queue alone. */
  placesFor(way: string, regions: readonly DemoRegion[]): Promise<readonly [Place, ...Place[]]>;
  /** Takes a region away, so that every call there fails, or gives it back (`undefined`). Emulator only. */
  failRegion(region: DemoRegion | undefined): void;
  close(): Promise<void>;
}

// Short, so that what was received and not finished when the demo is interrupted is soon to be read back.
const emulatorVisibilitySeconds = 5;
const emulatorMaxReceives = 3;

/** The emulator, with a queue and a dead-letter queue for each way in each region: it keeps regions apart. */
export async function openEmulator({ rttMs }: { readonly rttMs: number }): Promise<Target> {
  const emulator = await startEmulator(rttMs);
  const clients = new Map<DemoRegion, PooledClient>();
  const place = async (way: string, region: DemoRegion): Promise<Place> => {
    const clientConfig = {
      endpoint: emulator.endpoint,
      region,
      credentials: { accessKeyId: 'emulator', secretAccessKey: 'emulator' },
    };
    const client = clients.get(region) ?? createPooledClient(clientConfig);
    clients.set(region, client);
    return await connect(client, clientConfig, region, await createQueues(client, emulator, way, region));
  };
  return {
    isEmulator: true,
    name: `${emulator.name}, an SQS emulator in a process of its own${rttMs === 0 ? '' : `, each answer ${rttMs} ms late`}`,
    placesFor: async (way, [, ...others]) => [
      await place(way, homeRegion),
      ...(await Promise.all(others.map((region) => place(way, region)))),
    ],
    failRegion: (region) => emulator.failRegion(region),
    async close() {
      await Promise.all([...clients.values()].map((client) => client.close()));
      await emulator.stop();
    },
  };
}

async function createQueues(
  client: PooledClient,
  emulator: Emulator,
  way: string,
  region: DemoRegion,
): Promise<string> {
  const deadLetterName = `demo-${way}-dead-letters`;
  await client.send(new CreateQueueCommand({ QueueName: deadLetterName }));
  const redrive = {
    deadLetterTargetArn: `arn:aws:sqs:${region}:000000000000:${deadLetterName}`,
    maxReceiveCount: emulatorMaxReceives,
  };
  const { QueueUrl } = await client.send(
    new CreateQueueCommand({
      QueueName: `demo-${way}`,
      Attributes: {
        VisibilityTimeout: String(emulatorVisibilitySeconds),
        RedrivePolicy: JSON.stringify(redrive),
      },
    }),
  );
  if (QueueUrl === undefined) {
    throw new RunError(`${emulator.name} at ${emulator.endpoint} created a queue without a URL`);
  }
  return QueueUrl;
}

/** How long a real queue may take to answer the first question. */
const probeMs = 10_000;

/** A real queue, or an emulator's that runs already. Throws a `RunError` if it cannot be reached, or is not empty. */
export async function openQueue(queueUrl: string): Promise<Target> {
  const { region } = parseQueueUrl(queueUrl);
  // Given explicitly, because the SDK follows the queue URL's host rather than an endpoint that it finds itself.
  const endpoint = process.env['AWS_ENDPOINT_URL_SQS'] ?? process.env['AWS_ENDPOINT_URL'];
  const clientConfig = {
    ...(region !== undefined && { region }),
    ...(endpoint !== undefined && { endpoint }),
  };
  const client = createPooledClient(clientConfig);
  try {
    const place = await connect(client, clientConfig, homeRegion, queueUrl);
    await refuseUsedQueue(place.queue);
    return {
      isEmulator: false,
      name: endpoint === undefined ? queueUrl : `${queueUrl} at ${endpoint}`,
      placesFor: async () => [place],
      failRegion: () => undefined,
      close: () => client.close(),
    };
  } catch (error) {
    await client.close();
    throw error instanceof RunError ? error : unusable(queueUrl, endpoint, error);
  }
}

// For a million requests in us-east-1 and most regions, beyond the free tier. https://aws.amazon.com/sqs/pricing/
const standardDollars = 0.4;
const fifoDollars = 0.5;

async function connect(
  client: PooledClient,
  clientConfig: ClientConfig,
  region: DemoRegion,
  queueUrl: string,
): Promise<Place> {
  const queue = createSqsQueue(client, queueUrl);
  const description = await queue.describe({ signal: AbortSignal.timeout(probeMs) });
  const deadLetterArn = description.redrive?.deadLetterQueueArn;
  return {
    region,
    clientConfig,
    queue,
    description,
    dollarsPerMillionRequests: description.fifo ? fifoDollars : standardDollars,
    deadLetterQueue:
      deadLetterArn === undefined ? undefined : createSqsQueue(client, siblingUrl(queueUrl, deadLetterArn)),
  };
}

/** A queue's dead-letter queue is of the same account and region: their URLs differ in the name. */
function siblingUrl(queueUrl: string, arn: string): string {
  return queueUrl.replace(/[^/]+\/?$/, arn.slice(arn.lastIndexOf(':') + 1));
}

/** Messages of others would be received along with ours, and each receive brings them nearer to the dead-letter queue. */
async function refuseUsedQueue(queue: Queue): Promise<void> {
  const { visible, inFlight, delayed } = await queue.depth();
  const messages = visible + inFlight + delayed;
  if (messages > 0) {
    throw new RunError(
      `${queue.url} is in use (messages in it: ${messages.toLocaleString('en-US')}): the demo needs an empty queue of its own; nothing was sent or received`,
    );
  }
}

function unusable(queueUrl: string, endpoint: string | undefined, error: unknown): RunError {
  const via = endpoint === undefined ? '' : ` at ${endpoint}`;
  return new RunError(
    `cannot use ${queueUrl}${via}: ${reasonOf(error).replace(/\.$/, '')}${adviceOn(error)}; nothing was sent`,
    {
      cause: error,
    },
  );
}

function adviceOn(error: unknown): string {
  if (isQueueError(error, 'access-denied')) {
    return '. Check the credentials and the permissions (sqs:GetQueueAttributes, SendMessage, ReceiveMessage, DeleteMessage, ChangeMessageVisibility)';
  }
  if (isQueueError(error, 'queue-missing')) {
    return '. Check name, account and region';
  }
  if (isQueueError(error, 'option-invalid')) {
    return '. This queue URL does not name its region: set AWS_REGION';
  }
  return '';
}
