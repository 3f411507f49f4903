import { isQueueError, type QueueError, type SendReceipt, text } from '@sqskit/core';
import type { Clock } from '@sqskit/core/clock';
import {
  createFakeClock,
  createFakeQueue,
  createRandom,
  type FakeCall,
  type FakeClock,
  type FakeQueue,
  type FakeQueueOptions,
  type ScriptedFaults,
  scriptedFaults,
} from '@sqskit/testing';
import { createProducer, type Producer, type ProducerOptions } from '../src/index.ts';

export interface SetUp {
  readonly clock: FakeClock;
  readonly queue: FakeQueue;
  readonly faults: ScriptedFaults;
  readonly producer: Producer<string>;
  /** Timers that the producer has set, and that have neither fired nor been cancelled. */
  readonly timers: () => number;
  /** The bodies of each batch that was sent, in order. */
  readonly batches: () => readonly (readonly string[])[];
  /** Settles the promise as virtual time passes, and gives its error. */
  readonly errorOf: (promise: Promise<unknown> | undefined) => Promise<QueueError>;
}

/** A producer of texts on a fake queue that takes 10 ms a call and has told its largest size. */
export function setUp(
  options: ProducerOptions<string> = {},
  queueOptions: FakeQueueOptions = {},
  clock: FakeClock = createFakeClock(),
): SetUp {
  const faults = scriptedFaults();
  const own = countTimers(clock);
  const queue = createFakeQueue({ clock, latencyMs: 10, faults, ...queueOptions });
  const producer = createProducer(queue, {
    codec: text(),
    clock: own.clock,
    random: createRandom(1),
    maxMessageBytes: 1_048_576,
    ...options,
  });
  return {
    clock,
    queue,
    faults,
    producer,
    timers: own.count,
    batches: () => sendCalls(queue).map(({ given }) => given.map(({ body }) => body)),
    errorOf: async (promise) => {
      const outcome = await clock.settle(outcomeOf(promise));
      if (!isQueueError(outcome)) {
        throw new Error('expected a QueueError', { cause: outcome });
      }
      return outcome;
    },
  };
}

function countTimers(clock: Clock): { readonly clock: Clock; readonly count: () => number } {
  const set = new Set<object>();
  return {
    count: () => set.size,
    clock: {
      now: () => clock.now(),
      monotonic: () => clock.monotonic(),
      setTimer(callback, delayMs, options) {
        const key = {};
        set.add(key);
        const fire = (): void => {
          set.delete(key);
          callback();
        };
        const timer = clock.setTimer(fire, delayMs, options);
        return {
          cancel: () => {
            set.delete(key);
            timer.cancel();
          },
        };
      },
    },
  };
}

export type SendCall = Extract<FakeCall, { readonly verb: 'sendBatch' }>;

export function sendCalls({ calls }: FakeQueue): readonly SendCall[] {
  return calls.filter((call) => call.verb === 'sendBatch');
}

export function bodies(prefix: string, count: number): readonly string[] {
  return Array.from({ length: count }, (_, index) => `${prefix}${index}`);
}

/** What a promise of a receipt came to. Waits, and never rejects. */
export async function outcomeOf(promise: Promise<unknown> | undefined): Promise<unknown> {
  try {
    return await promise;
  } catch (error) {
    return error;
  }
}

/** Follows promises without leaving a rejection unhandled. */
export function settled(promises: readonly Promise<SendReceipt>[]): Promise<readonly unknown[]> {
  return Promise.all(promises.map(outcomeOf));
}

/** What a function throws; `undefined` where it does not. */
export function thrownBy(act: () => void): unknown {
  try {
    act();
    return undefined;
  } catch (error) {
    return error;
  }
}
