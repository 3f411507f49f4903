import type { Clock } from '@sqskit/core/clock';
import { sleep } from '@sqskit/core/clock';
import type { FaultPlan, FaultRates } from '@sqskit/testing';
import {
  createFakeClock,
  createFakeQueue,
  createFaultPlan,
  createRandom,
  type FakeQueue,
} from '@sqskit/testing';
import { describe, expect, test } from 'vitest';
import {
  type Consumer,
  type ConsumerStats,
  createConsumer,
  release,
  retry,
  type StopReport,
} from '../src/index.ts';

// Random schedules with faults: several consumers, stops, starts and pauses, handlers that fail, and a log of every
// run that is checked as it is written.

interface Plan extends FaultPlan {
  isOn: boolean;
}

function switched(plan: FaultPlan): Plan {
  const switchable: Plan = { isOn: true, next: (call) => (switchable.isOn ? plan.next(call) : []) };
  return switchable;
}

interface Life {
  readonly signal: AbortSignal;
}

/** Every run of every handler, and what must never be. */
class RunLog {
  readonly violations: string[] = [];
  readonly completed = new Set<string>();
  runs = 0;
  readonly #live = new Map<string, Life[]>();
  readonly #queue: FakeQueue;
  readonly #mayRunTwice: boolean;

  constructor(queue: FakeQueue, mayRunTwice: boolean) {
    this.#queue = queue;
    this.#mayRunTwice = mayRunTwice;
  }

  begin(messageId: string, signal: AbortSignal): () => void {
    this.runs++;
    const lives = this.#live.get(messageId) ?? [];
    if (!this.#mayRunTwice && lives.some((life) => !life.signal.aborted)) {
      this.violations.push(`${messageId} ran twice at once, with its lease held`);
    }
    const life = { signal };
    this.#live.set(messageId, [...lives, life]);
    this.#checkOrder(messageId);
    return () => {
      this.#live.set(
        messageId,
        (this.#live.get(messageId) ?? []).filter((other) => other !== life),
      );
    };
  }

  #checkOrder(messageId: string): void {
    const all = this.#queue.messages();
    const own = all.find((message) => message.messageId === messageId);
    if (own?.groupId === undefined || own.sequenceNumber === undefined) {
      return;
    }
    for (const other of all) {
      const isBefore = (other.sequenceNumber ?? '') < own.sequenceNumber;
      if (other.groupId === own.groupId && isBefore && !this.completed.has(other.messageId)) {
        this.violations.push(`${messageId} ran before ${other.messageId} of its group`);
      }
    }
  }

  checkDeletes(): void {
    for (const { messageId } of this.#queue.deleted) {
      if (!this.completed.has(messageId)) {
        this.violations.push(`${messageId} was deleted without a completed run`);
      }
    }
  }
}

interface Schedule {
  readonly seed: number;
  readonly fifo: boolean;
  readonly consumers: number;
  readonly rates: FaultRates;
}

const messageCount = 60;

/** What a schedule has come to, at its end. */
interface Outcome {
  readonly violations: readonly string[];
  /** Messages that were neither handled nor can be received. */
  readonly left: number;
  readonly abandoned: number;
  /** Consumers that still do something after their stop. */
  readonly unfinished: number;
  readonly callsAfterTheStop: number;
  readonly timersAfterTheStop: number;
}

const asPromised: Outcome = {
  violations: [],
  left: 0,
  abandoned: 0,
  unfinished: 0,
  callsAfterTheStop: 0,
  timersAfterTheStop: 0,
};

async function play({ seed, fifo, consumers: consumerCount, rates }: Schedule): Promise<Outcome> {
  const random = createRandom(seed);
  const between = (low: number, high: number): number => Math.floor(low + random() * (high - low + 1));
  const clock = createFakeClock();
  const faults = switched(createFaultPlan({ seed, rates, timeoutMs: between(50, 3_000) }));
  const queue = createFakeQueue({
    clock,
    fifo,
    latencyMs: between(0, 40),
    faults,
    ...(fifo ? {} : { random: createRandom(seed + 1) }),
  });
  faults.isOn = false;
  for (let sent = 0; sent < messageCount; sent += 10) {
    const entries = Array.from({ length: 10 }, (_, index) => ({
      body: JSON.stringify(sent + index),
      ...(fifo ? { groupId: `g${between(1, 4)}`, deduplicationId: `d${sent + index}` } : {}),
    }));
    await clock.settle(queue.sendBatch(entries));
  }
  faults.isOn = true;

  const runLog = new RunLog(queue, consumerCount > 1 && (rates.duplicates ?? 0) > 0);
  const consumers = Array.from({ length: consumerCount }, () =>
    createScheduled({ queue, clock, random, runLog, between }),
  );
  for (const consumer of consumers) {
    consumer.start();
  }
  const stops: Promise<void>[] = [];
  for (let step = 0; step < 25; step++) {
    await clock.advance(between(1, 3_000));
    const consumer = consumers[between(0, consumerCount - 1)];
    if (consumer !== undefined) {
      disturb(consumer, between, clock, runLog, stops);
    }
  }
  await clock.settle(Promise.all(stops));

  faults.isOn = false;
  for (const consumer of consumers) {
    consumer.start();
    consumer.resume();
  }
  for (let waited = 0; queue.messages().length > 0 && waited < 2_000; waited++) {
    await clock.advance(1_000);
  }
  const left = queue.messages().length;
  let abandoned = 0;
  for (const consumer of consumers) {
    const report = await clock.settle(consumer.stop());
    abandoned += report.abandoned.length;
    if (report.tookMs > 30_000) {
      runLog.violations.push(`a stop took ${report.tookMs} ms`);
    }
  }
  const calls = queue.calls.length;
  await clock.advance(120_000);
  runLog.checkDeletes();
  return {
    violations: runLog.violations,
    left,
    abandoned,
    unfinished: consumers.filter((consumer) => isBusy(consumer.stats())).length,
    callsAfterTheStop: queue.calls.length - calls,
    timersAfterTheStop: clock.pendingTimers,
  };
}

function isBusy({ state, running, waiting, settling, polls }: ConsumerStats): boolean {
  return state !== 'stopped' || running + waiting + settling + polls > 0;
}

function createScheduled({
  queue,
  clock,
  random,
  runLog,
  between,
}: {
  readonly queue: FakeQueue;
  readonly clock: Clock;
  readonly random: () => number;
  readonly runLog: RunLog;
  readonly between: (low: number, high: number) => number;
}): Consumer {
  return createConsumer<number>(
    queue,
    async (message, { signal }) => {
      const ended = runLog.begin(message.messageId, signal);
      try {
        const heedsSignal = random() < 0.5;
        const tookMs = random() < 0.1 ? between(3_000, 12_000) : between(0, 200);
        await sleep(clock, tookMs, heedsSignal ? { signal } : {});
        const draw = random();
        if (draw < 0.1) {
          throw new Error('a failure of the schedule');
        }
        if (draw < 0.14) {
          return release();
        }
        if (draw < 0.18) {
          return retry({ delayMs: between(0, 4_000) });
        }
        runLog.completed.add(message.messageId);
        return undefined;
      } finally {
        ended();
      }
    },
    {
      clock,
      random,
      maxConcurrency: between(1, 15),
      prefetch: between(0, 12),
      waitTimeMs: between(1, 20) * 1_000,
      visibilityTimeoutMs: between(2, 10) * 1_000,
      maxPollers: between(1, 4),
      settleLingerMs: between(0, 50),
      retryMaxMs: 5_000,
    },
  );
}

function disturb(
  consumer: Consumer,
  between: (low: number, high: number) => number,
  clock: Clock,
  runLog: RunLog,
  stops: Promise<void>[],
): void {
  switch (between(0, 5)) {
    case 0: {
      const startedAt = clock.monotonic();
      const timeoutMs = between(0, 8_000);
      const wasStopping = consumer.stats().state === 'stopping';
      const check = ({ tookMs }: StopReport): void => {
        if (!wasStopping && clock.monotonic() - startedAt > timeoutMs + 1) {
          runLog.violations.push(`a stop of ${timeoutMs} ms took ${tookMs} ms`);
        }
      };
      stops.push(consumer.stop({ timeoutMs }).then(check));
      break;
    }
    case 1:
    case 2:
      consumer.start();
      break;
    case 3:
      consumer.pause();
      break;
    default:
      consumer.resume();
      consumer.start();
  }
}

const calm: FaultRates = {};
const rough: FaultRates = {
  throttles: 0.1,
  unavailable: 0.05,
  entryFailures: 0.08,
  lostReplies: 0.05,
  lostRequests: 0.03,
  slowReplies: 0.05,
};
const seeds = Array.from({ length: 12 }, (_, index) => index + 1);

const scenarios: readonly (readonly [string, Omit<Schedule, 'seed'>])[] = [
  ['a calm standard queue', { fifo: false, consumers: 1, rates: calm }],
  ['a rough standard queue', { fifo: false, consumers: 1, rates: rough }],
  [
    'a rough standard queue that delivers twice',
    { fifo: false, consumers: 1, rates: { ...rough, duplicates: 0.1, staleHandles: 0.05 } },
  ],
  ['a calm FIFO queue', { fifo: true, consumers: 1, rates: calm }],
  ['a rough FIFO queue', { fifo: true, consumers: 1, rates: rough }],
  ['a standard queue with two consumers', { fifo: false, consumers: 2, rates: calm }],
  ['a FIFO queue with two consumers', { fifo: true, consumers: 2, rates: calm }],
];

describe.each(scenarios)('%s', (_, scenario) => {
  test.each(seeds)('finds every promise kept in schedule %i', async (seed) => {
    expect(await play({ ...scenario, seed })).toEqual(asPromised);
  });
});
