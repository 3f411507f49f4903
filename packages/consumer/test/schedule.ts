// Random schedules with faults: several consumers, stops, starts and pauses, handlers that fail, packs and single
// messages, and a log of every run that is checked as it is written.

import { type Clock, sleep } from '@sqskit/core/clock';
import type { FaultPlan, FaultRates, MessageRecord } from '@sqskit/testing';
import {
  createFakeClock,
  createFakeQueue,
  createFaultPlan,
  createRandom,
  type FakeQueue,
} from '@sqskit/testing';
import {
  type Consumer,
  type ConsumerStats,
  createConsumer,
  deadLetter,
  release,
  retry,
  type StopReport,
} from '../src/index.ts';
import { numbersIn, packing, packOf } from './packing.ts';

interface Plan extends FaultPlan {
  isOn: boolean;
}

function switched(plan: FaultPlan): Plan {
  const switchable: Plan = { isOn: true, next: (call) => (switchable.isOn ? plan.next(call) : []) };
  return switchable;
}

interface Life {
  readonly signal: AbortSignal;
  readonly group: string | undefined;
}

/** Every run of every handler, and what must never be. Messages are known by their number, which is their content. */
class RunLog {
  readonly violations: string[] = [];
  readonly completed = new Set<number>();
  readonly #live = new Map<string, Life[]>();
  readonly #queue: FakeQueue;
  readonly #dead: FakeQueue;
  readonly #groups: ReadonlyMap<number, string>;
  readonly #mayRunTwice: boolean;
  readonly #perGroup: number;

  constructor(
    queue: FakeQueue,
    dead: FakeQueue,
    groups: ReadonlyMap<number, string>,
    { mayRunTwice, perGroup }: { readonly mayRunTwice: boolean; readonly perGroup: number },
  ) {
    this.#queue = queue;
    this.#dead = dead;
    this.#groups = groups;
    this.#mayRunTwice = mayRunTwice;
    this.#perGroup = perGroup;
  }

  begin(
    { messageId, groupId }: { readonly messageId: string; readonly groupId: string | undefined },
    number: number,
    signal: AbortSignal,
  ): () => void {
    // A message that was sent again may be in the queue twice: its first send may have been accepted.
    const run = `${messageId}#${number}`;
    const lives = this.#live.get(run) ?? [];
    if (!this.#mayRunTwice && lives.some((life) => !life.signal.aborted)) {
      this.violations.push(`${run} ran twice at once, with its lease held`);
    }
    const life = { signal, group: groupId };
    this.#live.set(run, [...lives, life]);
    const ofGroup = [...this.#live.values()].flat().filter((other) => {
      return other.group === groupId && !other.signal.aborted;
    });
    if (groupId !== undefined && ofGroup.length > this.#perGroup) {
      this.violations.push(`${ofGroup.length} of the group ${groupId} ran at once`);
    }
    this.#checkOrder(number);
    return () => {
      this.#live.set(
        run,
        (this.#live.get(run) ?? []).filter((other) => other !== life),
      );
    };
  }

  /** Numbers that were neither handled nor moved. */
  missing(): number[] {
    const moved = this.#moved();
    return [...this.#groups.keys()].filter((number) => !this.completed.has(number) && !moved.has(number));
  }

  /** No SQS message is deleted before each message in it is done, moved, or accepted once more. */
  checkDeletes(): void {
    const moved = this.#moved();
    for (const deletion of this.#queue.deleted) {
      for (const number of numbersIn(deletion.body)) {
        const isDone = this.completed.has(number) || moved.has(number);
        if (!isDone && !this.#isSentAgain(number, deletion)) {
          this.violations.push(`${number} was deleted with ${deletion.messageId} without a completed run`);
        }
      }
    }
  }

  #isSentAgain(number: number, deletion: MessageRecord): boolean {
    return this.#queue.accepted.some(
      ({ messageId, body, atMs }) =>
        messageId !== deletion.messageId && atMs <= deletion.atMs && numbersIn(body).includes(number),
    );
  }

  #checkOrder(number: number): void {
    const group = this.#groups.get(number);
    for (const [other, itsGroup] of this.#groups) {
      const isBefore = group !== '' && itsGroup === group && other < number;
      if (isBefore && !this.completed.has(other) && !this.#moved().has(other)) {
        this.violations.push(`${number} ran before ${other} of its group`);
      }
    }
  }

  #moved(): ReadonlySet<number> {
    return new Set(this.#dead.accepted.flatMap(({ body }) => numbersIn(body)));
  }
}

export interface Schedule {
  readonly seed: number;
  readonly fifo: boolean;
  readonly consumers: number;
  readonly rates: FaultRates;
  /** Whether messages come in packs, and some are dead-lettered. */
  readonly packs?: boolean;
  /** Most handlers at a time for a group of a standard queue, whose messages then have groups. */
  readonly perGroup?: number;
}

const messageCount = 60;

/** What a schedule has come to, at its end. */
export interface Outcome {
  readonly violations: readonly string[];
  /** SQS messages that are still in the queue. */
  readonly left: number;
  /** Messages that were neither handled nor moved. */
  readonly missing: readonly number[];
  readonly abandoned: number;
  /** Consumers that still do something after their stop. */
  readonly unfinished: number;
  readonly callsAfterTheStop: number;
  readonly timersAfterTheStop: number;
}

export const asPromised: Outcome = {
  violations: [],
  left: 0,
  missing: [],
  abandoned: 0,
  unfinished: 0,
  callsAfterTheStop: 0,
  timersAfterTheStop: 0,
};

export async function play(schedule: Schedule): Promise<Outcome> {
  const { seed, fifo, consumers: consumerCount, rates, packs = false, perGroup } = schedule;
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
  const dead = createFakeQueue({
    clock,
    url: `https://sqs.us-east-1.amazonaws.com/123456789012/dead${fifo ? '.fifo' : ''}`,
    latencyMs: between(0, 40),
    faults: switched(createFaultPlan({ seed: seed + 2, rates })),
  });
  faults.isOn = false;
  const groups = new Map<number, string>();
  for (let sent = 0; sent < messageCount; ) {
    const size = Math.min(messageCount - sent, packs ? between(1, 12) : 1);
    const numbers = Array.from({ length: size }, (_, index) => sent + index);
    const groupId = fifo || perGroup !== undefined ? `g${between(1, 4)}` : undefined;
    for (const number of numbers) {
      groups.set(number, fifo ? (groupId ?? '') : '');
    }
    const payload = size === 1 ? { body: String(sent) } : packOf(...numbers);
    const entry = { ...payload, groupId, ...(fifo ? { deduplicationId: `d${sent}` } : {}) };
    await clock.settle(queue.sendBatch([entry]));
    sent += size;
  }
  faults.isOn = true;

  const mayRunTwice = consumerCount > 1 && (rates.duplicates ?? 0) > 0;
  const runLog = new RunLog(queue, dead, groups, {
    mayRunTwice,
    perGroup: consumerCount * (perGroup ?? Number.POSITIVE_INFINITY),
  });
  const consumers = Array.from({ length: consumerCount }, () =>
    createScheduled({ queue, dead: packs ? dead : undefined, perGroup, clock, random, runLog, between }),
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
    missing: runLog.missing(),
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
  dead,
  perGroup,
  clock,
  random,
  runLog,
  between,
}: {
  readonly queue: FakeQueue;
  readonly dead: FakeQueue | undefined;
  readonly perGroup: number | undefined;
  readonly clock: Clock;
  readonly random: () => number;
  readonly runLog: RunLog;
  readonly between: (low: number, high: number) => number;
}): Consumer {
  return createConsumer<number>(
    queue,
    async (message, { signal }) => {
      const ended = runLog.begin(message, message.body, signal);
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
        if (draw < 0.2 && dead !== undefined) {
          return deadLetter('a verdict of the schedule');
        }
        runLog.completed.add(message.body);
        return undefined;
      } finally {
        ended();
      }
    },
    {
      clock,
      random,
      envelope: packing({ maxItems: 12 }),
      deadLetterQueue: dead,
      maxConcurrency: between(1, 15),
      maxConcurrencyPerGroup: perGroup,
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
