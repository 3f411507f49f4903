import { SendMessageBatchCommand, SQSClient } from '@aws-sdk/client-sqs';
import { adaptiveConcurrency } from '@sqskit/client';
import { createLeanClient, createLeanQueue } from '@sqskit/client/lean';
import { clientSettings } from '../contenders/contender.ts';
import { startLoadServer, type Target } from '../server/start-load-server.ts';
import type { Figures, Load, Scenario } from './scenario.ts';

/** Sends a batch of ten to a queue over a client that the queues share. Rejects where it was refused. */
type Send = (queueUrl: string) => Promise<void>;

interface Client extends AsyncDisposable {
  readonly send: Send;
}

const bodies = Array.from({ length: 10 }, (_, index) => JSON.stringify({ index, text: 'x'.repeat(1_000) }));
const throttled = { queueName: 'throttled', callsPerSecond: 20 };
const loops = 8;
const latencyMs = 10;

async function openLean({ endpoint }: Target): Promise<Client> {
  const client = createLeanClient({ ...clientSettings, endpoint });
  const adaptive = adaptiveConcurrency();
  const queues = new Map<string, ReturnType<typeof adaptive>>();
  const entries = bodies.map((body) => ({ body }));
  return {
    async send(queueUrl) {
      const queue = queues.get(queueUrl) ?? adaptive(createLeanQueue(client, queueUrl));
      queues.set(queueUrl, queue);
      for (const outcome of await queue.sendBatch(entries)) {
        if (!outcome.ok) {
          throw outcome.error;
        }
      }
    },
    [Symbol.asyncDispose]: () => client.close(),
  };
}

async function openSdk({ endpoint }: Target): Promise<Client> {
  const client = new SQSClient({ ...clientSettings, endpoint, retryMode: 'adaptive' });
  const Entries = bodies.map((MessageBody, index) => ({ Id: String(index), MessageBody }));
  return {
    async send(QueueUrl) {
      await client.send(new SendMessageBatchCommand({ QueueUrl, Entries }));
    },
    [Symbol.asyncDispose]: async () => client.destroy(),
  };
}

async function measureKept(
  open: (target: Target) => Promise<Client>,
  { messages, warmUp }: Load,
): Promise<Figures> {
  await using server = await startLoadServer({ latencyMs, throttled });
  const { target } = server;
  await using client = await open(target);
  const { send } = client;
  const neighbourUrl = target.queueUrl.replace(target.queueName, throttled.queueName);
  const calls = Math.ceil(messages / bodies.length);
  await callsPerSecond(send, target.queueUrl, Math.ceil(warmUp / bodies.length));
  const alone = await callsPerSecond(send, target.queueUrl, calls);
  const neighbour = keepSending(send, neighbourUrl);
  const beside = await callsPerSecond(send, target.queueUrl, calls);
  const { accepted, refused } = await neighbour.stop();
  return { alone, beside, kept: beside / alone, accepted, refused };
}

async function callsPerSecond(send: Send, queueUrl: string, calls: number): Promise<number> {
  const startedAt = performance.now();
  let left = calls;
  const loop = async (): Promise<void> => {
    while (left > 0) {
      left--;
      await send(queueUrl);
    }
  };
  await Promise.all(Array.from({ length: loops }, loop));
  return (calls * 1_000) / (performance.now() - startedAt);
}

/** Loops that go on at once, accepted or refused, until they are stopped. */
function keepSending(
  send: Send,
  queueUrl: string,
): { stop(): Promise<{ readonly accepted: number; readonly refused: number }> } {
  let isStopped = false;
  let accepted = 0;
  let refused = 0;
  const loop = async (): Promise<void> => {
    while (!isStopped) {
      try {
        await send(queueUrl);
        accepted++;
      } catch {
        refused++;
      }
    }
  };
  const ended = Promise.all(Array.from({ length: loops }, loop));
  return {
    async stop() {
      isStopped = true;
      await ended;
      return { accepted, refused };
    },
  };
}

export const throttledNeighbour: Scenario = {
  name: 'throttled-neighbour',
  title: 'One of two queues throttled',
  about: `${loops} loops send batches of ten to one queue, first alone and then beside ${loops} loops that send to another queue over the same client, which the service throttles to ${throttled.callsPerSecond} calls a second. Kept is the share of its rate that the first queue keeps.`,
  latencyMs,
  full: { rounds: 3, messages: 8_000, warmUp: 4_000 },
  quick: { rounds: 1, messages: 4_000, warmUp: 4_000 },
  columns: [
    { figure: 'alone', title: 'calls/s alone', digits: 0 },
    { figure: 'beside', title: 'calls/s beside', digits: 0 },
    { figure: 'kept', title: 'kept', digits: 3 },
    { figure: 'accepted', title: 'throttled queue: accepted', digits: 0 },
    { figure: 'refused', title: 'refused', digits: 0 },
  ],
  cases: [
    {
      name: 'sqskit, lean',
      how: '`adaptiveConcurrency()` round each `createLeanQueue` of one `createLeanClient`.',
      measure: (load) => measureKept(openLean, load),
    },
    {
      name: 'SDK, adaptive',
      how: "One `SQSClient` with `retryMode: 'adaptive'`.",
      maxRounds: 1,
      isSlow: true,
      measure: (load) => measureKept(openSdk, load),
    },
  ],
};
