import { createProducer } from '@sqskit/batching';
import { type OutgoingMessage, type Queue, type Sent, sqsLimits, text } from '@sqskit/core';
import { sendAwaitedLater } from '../contenders/sqskit.ts';
import { kilobytes, repeated } from '../data.ts';
import type { Figures, Load, Scenario } from './scenario.ts';
import { cpuColumn, rateColumn, startMeasuring } from './sending.ts';

const sent: Sent = { ok: true, messageId: '00000000-0000-4000-8000-000000000000' };

/** Accepts everything at once. */
const nullQueue: Queue = {
  url: 'https://sqs.us-east-1.amazonaws.com/000000000000/bench',
  sendBatch: async (entries) => entries.map(() => sent),
  receive: async () => [],
  deleteBatch: async (handles) => handles.map(() => ({ ok: true })),
  changeVisibilityBatch: async (changes) => changes.map(() => ({ ok: true })),
  describe: async () => ({
    fifo: false,
    contentBasedDeduplication: false,
    maxMessageBytes: sqsLimits.maxMessageBytes,
    visibilityTimeoutMs: sqsLimits.defaultVisibilityTimeoutMs,
    redrive: undefined,
  }),
  depth: async () => ({ visible: 0, inFlight: 0, delayed: 0 }),
};

type Send = (message: OutgoingMessage<string>) => Promise<unknown>;

/** The least that batching can cost: a promise a message, and an entry in an array of ten. Nothing is promised but that. */
function createFloor(queue: Queue): Send {
  let entries: { readonly body: string }[] = [];
  let resolvers: ((sent: Sent) => void)[] = [];
  let isWaiting = false;
  const flush = (): void => {
    const batch = entries;
    const settle = resolvers;
    entries = [];
    resolvers = [];
    void queue.sendBatch(batch).then(() => {
      for (const resolve of settle) {
        resolve(sent);
      }
    });
  };
  const flushRest = (): void => {
    isWaiting = false;
    if (entries.length > 0) {
      flush();
    }
  };
  return ({ body }) =>
    new Promise((resolve) => {
      entries.push({ body });
      resolvers.push(resolve);
      if (entries.length === sqsLimits.maxBatchEntries) {
        flush();
      } else if (!isWaiting) {
        isWaiting = true;
        setImmediate(flushRest);
      }
    });
}

async function measureEnqueueing(send: Send, { messages, warmUp }: Load): Promise<Figures> {
  const texts = kilobytes().map((body) => JSON.stringify(body));
  const enqueueText = (body: string): Promise<unknown> => send({ body });
  await sendAwaitedLater(repeated(texts, warmUp), enqueueText);
  const measured = repeated(texts, messages);
  const stop = startMeasuring();
  await sendAwaitedLater(measured, enqueueText);
  const { seconds, cpuMicros } = stop();
  return { messagesPerSecond: messages / seconds, cpuMicros: cpuMicros / messages };
}

export const enqueue: Scenario = {
  name: 'enqueue',
  title: "The producer's own cost",
  about:
    'Ready-made texts of 1,024 bytes to a queue in the same process that accepts everything at once: what is left is what the producer itself costs. The bare loop beside it makes one promise a message and arrays of ten, and promises nothing else: no bounds, retries, deadlines or order.',
  latencyMs: 0,
  full: { rounds: 5, messages: 1_000_000, warmUp: 600_000 },
  quick: { rounds: 1, messages: 300_000, warmUp: 100_000 },
  columns: [rateColumn, { ...cpuColumn, digits: 2 }],
  cases: [
    {
      name: 'sqskit',
      how: '`createProducer(queue, { codec: text() })`; `send()` for each message, its promise awaited later, with at most 10,000 messages under way.',
      async measure(load) {
        await using producer = createProducer<string>(nullQueue, { codec: text() });
        return await measureEnqueueing((message) => producer.send(message), load);
      },
    },
    {
      name: 'a bare promise each',
      how: 'The bare loop.',
      measure: (load) => measureEnqueueing(createFloor(nullQueue), load),
    },
  ],
};
