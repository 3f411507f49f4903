import { setTimeout as delay } from 'node:timers/promises';
import type { Queue, ReceivedMessage } from '@sqskit/core';
import { openSqskitConsumer } from '../contenders/sqskit-consumer.ts';
import { kilobytes } from '../data.ts';
import type { Case, Figures, Load, Scenario } from './scenario.ts';
import { cpuColumn, rateColumn, startMeasuring } from './sending.ts';

const slots = 100;
const handlerMs = 20;

/** Counts what is handled, and tells when it is so many. */
class Count {
  #count = 0;
  #due = Number.POSITIVE_INFINITY;
  #tell: (() => void) | undefined;

  add(): void {
    this.#count++;
    if (this.#count >= this.#due) {
      this.#due = Number.POSITIVE_INFINITY;
      this.#tell?.();
    }
  }

  more(count: number): Promise<void> {
    return new Promise((resolve) => {
      this.#due = this.#count + count;
      this.#tell = resolve;
    });
  }
}

/** Always has more, and answers before the next turn of the event loop. */
function nullQueue(): Queue {
  const bodies = kilobytes().map((body) => JSON.stringify(body));
  let made = 0;
  const message = (): ReceivedMessage => {
    made++;
    return {
      messageId: `message ${made}`,
      receiptHandle: `handle ${made}`,
      body: bodies[made % bodies.length] ?? '',
      attributes: {},
      receiveCount: 1,
      sentAtMs: undefined,
      groupId: undefined,
      deduplicationId: undefined,
      sequenceNumber: undefined,
      traceHeader: undefined,
    };
  };
  const unused = (): Promise<never> => Promise.reject(new Error('no consumer calls this'));
  return {
    url: 'http://127.0.0.1/000000000000/null',
    receive: async ({ maxMessages }) => Array.from({ length: maxMessages }, message),
    deleteBatch: async (handles) => handles.map(() => ({ ok: true })),
    changeVisibilityBatch: async (changes) => changes.map(() => ({ ok: true })),
    sendBatch: unused,
    describe: unused,
    depth: unused,
  };
}

async function measureConsumer(load: Load): Promise<Figures> {
  const count = new Count();
  const handle = async (): Promise<void> => {
    await delay(handlerMs);
    count.add();
  };
  const connection = { queue: nullQueue(), close: async () => undefined };
  await using _consuming = openSqskitConsumer(connection, { handle, slots });
  return await measureCount(count, load);
}

/** What Node's timers make of it. */
async function measureLoops(load: Load): Promise<Figures> {
  const count = new Count();
  let isOver = false;
  const loop = async (): Promise<void> => {
    while (!isOver) {
      await delay(handlerMs);
      count.add();
    }
  };
  const ended = Promise.all(Array.from({ length: slots }, loop));
  const figures = await measureCount(count, load);
  isOver = true;
  await ended;
  return figures;
}

async function measureCount(count: Count, { messages, warmUp }: Load): Promise<Figures> {
  await count.more(warmUp);
  const stop = startMeasuring();
  await count.more(messages);
  const { seconds, cpuMicros } = stop();
  const messagesPerSecond = messages / seconds;
  return {
    messagesPerSecond,
    busy: messagesPerSecond / (slots / (handlerMs / 1_000)),
    cpuMicros: cpuMicros / messages,
  };
}

export const busySlots: Scenario = {
  name: 'slots',
  title: 'How busy the slots are',
  about: `A queue in the process itself, which always has more and answers at once; a handler that waits ${handlerMs} ms, in ${slots} slots. Busy is the share of what so many slots could handle if a wait took exactly as long as it should.`,
  latencyMs: 0,
  full: { rounds: 3, messages: 20_000, warmUp: 10_000 },
  quick: { rounds: 1, messages: 5_000, warmUp: 5_000 },
  columns: [rateColumn, { figure: 'busy', title: 'busy', digits: 3 }, cpuColumn],
  cases: [
    {
      name: 'sqskit',
      how: '`createConsumer(queue, handler, { maxConcurrency: 100 })`, every other option at its default: `prefetch` is 10.',
      measure: measureConsumer,
    },
    {
      name: '100 bare loops',
      how: 'Loops that wait, and nothing else: what the timers leave of it.',
      measure: measureLoops,
    },
  ] satisfies Case[],
};
