import type { Queue, SendEntry } from '@sqskit/core';
import { sleep } from '@sqskit/core/clock';
import {
  createFakeClock,
  createFakeQueue,
  createRandom,
  type FakeCall,
  type FakeClock,
  type FakeQueue,
  type FakeQueueOptions,
  type QueueVerb,
  type ScriptedFaults,
  scriptedFaults,
} from '@sqskit/testing';
import { type Consumer, type ConsumerOptions, createConsumer, type ErrorContext } from '../src/index.ts';

/** A fake queue, a fake clock, and a consumer between them. */
export interface Scene {
  readonly clock: FakeClock;
  readonly queue: FakeQueue;
  readonly faults: ScriptedFaults;
  readonly errors: { readonly error: unknown; readonly context: ErrorContext }[];
  /** Sends messages whose body is their number, from 0; on a FIFO queue of the groups given, in turn. */
  readonly send: (
    count: number,
    options?: { readonly groups?: readonly string[] | undefined },
  ) => Promise<void>;
  /** Sends one body as it stands. */
  readonly sendRaw: (entry: SendEntry) => Promise<void>;
  readonly consume: <T = number>(
    handler: Parameters<typeof createConsumer<T>>[1],
    options?: ConsumerOptions<T>,
    queue?: Queue,
  ) => Consumer;
  /** A dead-letter queue. */
  readonly createDead: () => FakeQueue;
  /** Resolves after so much virtual time. */
  readonly sleep: (ms: number, signal?: AbortSignal) => Promise<void>;
  /** The calls of one verb so far. */
  readonly calls: <V extends QueueVerb>(verb: V) => Extract<FakeCall, { readonly verb: V }>[];
}

export const deadUrl = 'https://sqs.us-east-1.amazonaws.com/123456789012/dead';

export function createScene(options: Omit<FakeQueueOptions, 'clock' | 'faults'> = {}): Scene {
  const clock = createFakeClock();
  const faults = scriptedFaults();
  const queue = createFakeQueue({ ...options, clock, faults });
  const errors: Scene['errors'] = [];
  let sent = 0;
  return {
    clock,
    queue,
    faults,
    errors,
    async send(count, { groups = ['a'] } = {}) {
      for (let left = count; left > 0; left -= 10) {
        const entries = Array.from({ length: Math.min(10, left) }, () => {
          const number = sent++;
          const fifo = { groupId: groups[number % groups.length], deduplicationId: `d${number}` };
          return { body: String(number), ...(options.fifo === true ? fifo : {}) };
        });
        await clock.settle(queue.sendBatch(entries));
      }
    },
    async sendRaw(entry) {
      await clock.settle(queue.sendBatch([entry]));
    },
    consume(handler, consumerOptions, from = queue) {
      return createConsumer(from, handler, {
        clock,
        random: createRandom(1),
        onError: (error, context) => errors.push({ error, context }),
        ...consumerOptions,
      });
    },
    createDead: () => createFakeQueue({ clock, url: deadUrl }),
    sleep: (ms, signal) => sleep(clock, ms, signal === undefined ? {} : { signal }),
    calls<V extends QueueVerb>(verb: V) {
      return queue.calls.filter(
        (call): call is Extract<FakeCall, { readonly verb: V }> => call.verb === verb,
      );
    },
  };
}

/** A queue that does as another does, but for these verbs. */
export function altered(queue: Queue, verbs: Partial<Queue>): Queue {
  return {
    url: queue.url,
    sendBatch: (entries, options) => queue.sendBatch(entries, options),
    receive: (request, options) => queue.receive(request, options),
    deleteBatch: (handles, options) => queue.deleteBatch(handles, options),
    changeVisibilityBatch: (changes, options) => queue.changeVisibilityBatch(changes, options),
    describe: (options) => queue.describe(options),
    depth: (options) => queue.depth(options),
    ...verbs,
  };
}

/** How often each number has run. */
export function counting(): {
  readonly runs: Map<number, number>;
  /** Returns which run of it this is, from 1. */
  readonly count: (body: number) => number;
} {
  const runs = new Map<number, number>();
  return {
    runs,
    count(body) {
      const run = (runs.get(body) ?? 0) + 1;
      runs.set(body, run);
      return run;
    },
  };
}
