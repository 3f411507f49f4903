// The engine by itself: messages from anywhere, settled by a settler that only takes notes.

import {
  ack,
  deadLetter,
  type Envelope,
  type Handler,
  json,
  plain,
  QueueError,
  release,
  retry,
} from '@sqskit/core';
import { createFakeClock, type FakeClock } from '@sqskit/testing';
import { expect, test } from 'vitest';
import { createDelivery, type Delivery, type Settler } from '../src/delivery.ts';
import { createEngine, type Engine } from '../src/engine.ts';
import { createWork } from '../src/work.ts';
import { createOrigin } from './origin.ts';
import { numbers } from './packing.ts';

interface Bench {
  readonly clock: FakeClock;
  readonly engine: Engine;
  readonly settler: Settler;
  /** `id action` of each verdict that was carried out, in order. */
  readonly settled: string[];
  readonly over: string[];
}

interface BenchOptions {
  readonly maxConcurrency?: number;
  readonly envelope?: Envelope;
  /** What each look at the clock costs. */
  readonly lookMs?: number;
}

function createBench(handler: Handler<unknown>, options: BenchOptions = {}): Bench {
  const { maxConcurrency = 2, envelope = plain(), lookMs = 0 } = options;
  const clock = createFakeClock();
  let looks = 0;
  const settled: string[] = [];
  const over: string[] = [];
  const engine = createEngine({
    slots: { max: maxConcurrency },
    slotsPerGroup: maxConcurrency,
    clock: {
      now: () => clock.now(),
      monotonic: () => clock.monotonic() + looks++ * lookMs,
      setTimer: (callback, delayMs, timerOptions) => clock.setTimer(callback, delayMs, timerOptions),
    },
    onRoom: () => undefined,
    work: createWork<unknown>({
      handler,
      codec: json(),
      envelope,
      handlerTimeoutMs: undefined,
      breaker: undefined,
      governor: undefined,
      clock,
      failurePolicy: () => retry(),
      report: () => undefined,
    }),
  });
  const note = ({ message }: Delivery, action: string): void => {
    settled.push(`${message.messageId} ${action}`);
  };
  const settler: Settler = {
    conclude(delivery, pack) {
      const [unfinished] = pack.unfinished;
      note(delivery, unfinished?.verdict.action ?? 'ack');
      return Promise.resolve(pack.isDone);
    },
    giveBack: async (delivery) => note(delivery, 'release'),
    discard: (delivery) => {
      note(delivery, 'discard');
      return Promise.resolve(true);
    },
    deadLetter: () => Promise.resolve(false),
    over: (delivery, gone) => over.push(`${delivery.message.messageId} ${gone ? 'gone' : 'comes again'}`),
  };
  return { clock, engine, settler, settled, over };
}

const origin = createOrigin();

function deliveries(count: number, lane?: string): Delivery[] {
  return Array.from({ length: count }, (_, index) =>
    createDelivery(
      {
        messageId: `${lane ?? 'm'}${index}`,
        receiptHandle: `r${index}`,
        body: String(index),
        attributes: {},
        receiveCount: 1,
        sentAtMs: undefined,
        groupId: lane,
        deduplicationId: undefined,
        sequenceNumber: undefined,
        traceHeader: undefined,
      },
      origin,
      { lane },
    ),
  );
}

const reason = new QueueError('stopped', 'the test says so', { what: 'engine' });

test('runs and settles messages that no poll has brought', async () => {
  const { clock, engine, settler, settled, over } = createBench(({ body }) => {
    if (body === 1) {
      throw new Error('one of them');
    }
  });
  engine.process(deliveries(3), settler);
  await clock.settle(engine.idle());
  expect([...settled].sort()).toEqual(['m0 ack', 'm1 retry', 'm2 ack']);
  expect([...over].sort()).toEqual(['m0 gone', 'm1 comes again', 'm2 gone']);
});

test('messages of different settlers meet in the same slots', async () => {
  let running = 0;
  let most = 0;
  const bench = createBench(async () => {
    most = Math.max(most, ++running);
    await new Promise((resolve) => bench.clock.setTimer(() => resolve(undefined), 10));
    running--;
  });
  const other: string[] = [];
  bench.engine.process(deliveries(5), bench.settler);
  bench.engine.process(deliveries(5, undefined), {
    ...bench.settler,
    conclude: (delivery) => {
      other.push(delivery.message.messageId);
      return Promise.resolve(true);
    },
  });
  await bench.clock.settle(bench.engine.idle());
  expect(most).toBe(2);
  expect([bench.settled.length, other.length]).toEqual([5, 5]);
});

test('a drained engine gives back what waits and what still comes, last first, and lets handlers finish', async () => {
  const bench = createBench(
    () => new Promise((resolve) => bench.clock.setTimer(() => resolve(undefined), 100)),
  );
  const { clock, engine, settler, settled } = bench;
  const all = deliveries(5);
  engine.process(all.slice(0, 4), settler);
  await clock.flush();
  engine.drain();
  engine.process(all.slice(4), settler);
  expect(settled).toEqual(['m3 release', 'm2 release', 'm4 release']);
  await clock.settle(engine.idle());
  expect(settled.slice(3)).toEqual(['m0 ack', 'm1 ack']);
});

test('giving up releases what runs without waiting, once, and keeps the slot until the handler ends', async () => {
  const signals: boolean[] = [];
  const bench = createBench(async (_message, { signal }) => {
    await new Promise((resolve) => bench.clock.setTimer(() => resolve(undefined), 100));
    signals.push(signal.aborted);
  });
  const { clock, engine, settler, settled, over } = bench;
  engine.process(deliveries(2), settler);
  await clock.flush();
  expect(engine.giveUp(reason).map(({ message }) => message.messageId)).toEqual(['m0', 'm1']);
  await clock.settle(engine.idle());
  expect(settled).toEqual(['m0 release', 'm1 release']);
  expect(engine.running).toBe(2);
  await clock.advance(100);
  expect(engine.running).toBe(0);
  expect(signals).toEqual([true, true]);
  expect([settled.length, over.length]).toEqual([2, 2]);
});

test('a lost message settles nothing, in whatever state it was', async () => {
  const bench = createBench(
    () => new Promise((resolve) => bench.clock.setTimer(() => resolve(undefined), 100)),
    { maxConcurrency: 1 },
  );
  const { clock, engine, settler, settled, over } = bench;
  const [running, waiting, next] = deliveries(3);
  const stranger = deliveries(1)[0];
  if (running === undefined || waiting === undefined || next === undefined || stranger === undefined) {
    throw new Error('three were made');
  }
  engine.process([running, waiting, next], settler);
  await clock.flush();
  engine.lose(running, reason);
  engine.lose(waiting, reason);
  engine.lose(stranger, reason);
  expect(engine.waiting).toBe(1);
  await clock.settle(engine.idle());
  expect(settled).toEqual(['m2 ack']);
  expect(over).toEqual(['m1 comes again', 'm0 comes again', 'm2 gone']);
  engine.lose(next, reason);
  expect(over).toHaveLength(3);
});

test('losing the head of a group that waits gives back the group', async () => {
  const bench = createBench(() => new Promise(() => undefined), { maxConcurrency: 1 });
  const { clock, engine, settler, settled } = bench;
  engine.process(deliveries(1), settler);
  const group = deliveries(3, 'g');
  engine.process(group, settler);
  await clock.flush();
  const [head] = group;
  if (head !== undefined) {
    engine.lose(head, reason);
  }
  await clock.flush();
  expect(settled).toEqual(['g2 release', 'g1 release']);
  expect(engine.waiting).toBe(0);
});

test('messages that waited for their deletes kept a gigabyte of bodies', async () => {
  const verdicts = [ack(), retry(), release(), deadLetter('hopeless')];
  const { clock, engine, settler } = createBench(({ body }) => verdicts[Number(body)], {
    maxConcurrency: 4,
  });
  const inHand = deliveries(4);
  engine.process(inHand, { ...settler, conclude: () => new Promise(() => undefined) });
  await clock.advance(0);
  expect(engine.settling).toBe(4);
  // Only what is to be sent on is still needed.
  expect(inHand.map(({ message }) => message.body)).toEqual(['', '', '', '3']);
});

/** Whatever it is given, as many contents. */
function manyOf(size: number): Envelope {
  const items = numbers(size).map((content) => ({ content: String(content), attributes: {}, attempt: 0 }));
  return { ...plain(), maxItems: size, open: () => ({ items }) };
}

test('a pack of handlers that never wait kept the process from everything else for seconds', async () => {
  const runs: unknown[] = [];
  // Each look at the clock finds it 10 ms on.
  const bench = createBench(({ body }) => void runs.push(body), { envelope: manyOf(9), lookMs: 10 });
  const { clock, engine, settler, settled } = bench;
  engine.process(deliveries(1), settler);
  await clock.flush();
  const inOneGo = runs.length;
  expect(inOneGo).toBeLessThan(9);
  expect(engine.running + engine.settling).toBe(0);
  await clock.settle(engine.idle());
  expect(runs).toEqual(numbers(9));
  expect(settled).toEqual(['m0 ack']);
  await clock.advance(0); // the last breath
  expect(clock.pendingTimers).toBe(0);
});

test('regression: messages whose handlers never wait kept the process from everything else, one after the other', async () => {
  const runs: unknown[] = [];
  const bench = createBench(({ body }) => void runs.push(body), { maxConcurrency: 20, lookMs: 10 });
  const { clock, engine, settler } = bench;
  engine.process(deliveries(50), settler);
  await clock.flush();
  expect(runs.length).toBeLessThan(9);
  await clock.settle(engine.idle());
  expect(runs).toEqual(numbers(50));
  await clock.advance(0);
  expect(clock.pendingTimers).toBe(0);
});

test('regression: so did those of a pack of a FIFO queue', async () => {
  const runs: unknown[] = [];
  const bench = createBench(({ body }) => void runs.push(body), { envelope: manyOf(9), lookMs: 10 });
  const { clock, engine, settler, settled } = bench;
  engine.process(deliveries(1, 'a'), settler);
  await clock.flush();
  expect(runs.length).toBeLessThan(9);
  await clock.settle(engine.idle());
  expect(runs).toEqual(numbers(9));
  expect(settled).toEqual(['a0 ack']);
});

test('a drained engine goes on with no pack of a FIFO queue', async () => {
  const runs: unknown[] = [];
  const bench = createBench(({ body }) => void runs.push(body), { envelope: manyOf(9), lookMs: 10 });
  const { clock, engine, settler, settled } = bench;
  engine.process(deliveries(1, 'a'), settler);
  await clock.flush();
  const before = runs.length;
  engine.drain();
  expect(clock.pendingTimers).toBe(0);
  await clock.settle(engine.idle());
  expect(runs).toHaveLength(before);
  expect(settled).toHaveLength(1);
});

test('a drained engine starts nothing more of a pack, and leaves no timer', async () => {
  const bench = createBench(() => undefined, { envelope: manyOf(9), lookMs: 10 });
  const { clock, engine, settler, settled } = bench;
  engine.process(deliveries(1), settler);
  await clock.flush();
  engine.drain();
  expect(clock.pendingTimers).toBe(0);
  await clock.settle(engine.idle());
  expect(settled).toEqual(['m0 release']);
});

test('no more packs are opened than are expected to fill the slots', async () => {
  const opened: string[] = [];
  const envelope: Envelope = {
    ...manyOf(10),
    open: async (payload) => {
      opened.push(payload.body);
      return manyOf(10).open(payload);
    },
  };
  const bench = createBench(
    () => new Promise((resolve) => bench.clock.setTimer(() => resolve(undefined), 10)),
    { envelope, maxConcurrency: 5 },
  );
  const { clock, engine, settler } = bench;
  engine.process(deliveries(1), settler);
  await clock.settle(engine.idle());
  engine.process(deliveries(6).slice(1), settler);
  await clock.flush();
  expect(opened).toHaveLength(2);
  await clock.settle(engine.idle());
  expect(opened).toHaveLength(6);
});
