import fc from 'fast-check';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { LaneOrder, Ticket } from '../src/accumulator.ts';
import { sweepPauseMs } from '../src/alarm.ts';
import { systemClock } from '../src/clock.ts';
import { QueueError } from '../src/queue-error.ts';
import {
  type Call,
  done,
  failure,
  finalFailure,
  type Harness,
  harness,
  type Outcome,
  retryableFailure,
  type Thing,
  thing,
} from './accumulator-harness.ts';

beforeEach(() => {
  vi.useFakeTimers({
    toFake: ['setTimeout', 'clearTimeout', 'setImmediate', 'clearImmediate', 'performance', 'Date'],
  });
});

afterEach(() => {
  vi.useRealTimers();
});

const limits = { maxEntries: 4, maxBytes: 40, maxInFlight: 3, lingerMs: 20, backoffMs: 30 };

const outcomes: readonly Outcome[] = [
  done,
  retryableFailure,
  failure('service-error', { retryable: true, outcome: 'unknown' }),
  failure('throttled', { retryable: true, throttled: true }),
  finalFailure,
  failure('batch-too-large'),
];

const laneNames = ['a', 'b', 'c', 'd'];
const lanes = fc.constantFrom(undefined, undefined, ...laneNames);
const step = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      kind: fc.constant('add' as const),
      lane: lanes,
      flow: fc.constantFrom(undefined, 'f', 'g'),
      bytes: fc.integer({ min: 1, max: 45 }),
      deadlineMs: fc.constantFrom(15, 60, 400, 100_000),
    }),
  },
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant('answer' as const),
      at: fc.nat(),
      kinds: fc.array(fc.nat(outcomes.length - 1), {
        minLength: limits.maxEntries,
        maxLength: limits.maxEntries,
      }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('reject' as const), at: fc.nat() }) },
  {
    weight: 4,
    arbitrary: fc.record({ kind: fc.constant('pass' as const), ms: fc.integer({ min: 0, max: 40 }) }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('cancel' as const), at: fc.nat() }) },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constantFrom('hurry' as const, 'cancelAll' as const) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('resume' as const),
      lane: fc.constantFrom(undefined, 'a', 'b'),
    }),
  },
);
type Step = typeof step extends fc.Arbitrary<infer V> ? V : never;

interface Modes {
  readonly laneOrder: LaneOrder;
  readonly pauseFailedLanes: boolean;
}

/** What has been done to the accumulator, as the test saw it. */
interface Books {
  readonly h: Harness;
  readonly things: Thing[];
  readonly tickets: Map<string, Ticket>;
  readonly modes: Modes;
  /** Settlements that were before the lane was resumed. */
  readonly resumedAt: Map<string, number>;
  checkedCalls: number;
}

const cancelled = (): QueueError => new QueueError('aborted', 'enough', {});
const open = ({ h }: Books): readonly Call[] => h.calls.filter(({ isOver }) => !isOver);
const isSettled = ({ h }: Books, { name }: Thing): boolean => h.settlementOf(name) !== undefined;

async function perform(books: Books, each: Step): Promise<void> {
  const { h, things, tickets } = books;
  const { accumulator } = h;
  switch (each.kind) {
    case 'add': {
      const added = thing(`${things.length}`, each);
      things.push(added);
      tickets.set(added.name, accumulator.add(added));
      break;
    }
    case 'answer': {
      const call = open(books)[each.at % Math.max(1, open(books).length)];
      call?.resolve(call.things.map((_, index) => outcomes[each.kinds[index] ?? 0] ?? done));
      break;
    }
    case 'reject':
      open(books)[each.at % Math.max(1, open(books).length)]?.reject(new Error('hang up'));
      break;
    case 'pass':
      await vi.advanceTimersByTimeAsync(each.ms);
      break;
    case 'cancel':
      tickets.get(`${each.at % Math.max(1, things.length)}`)?.cancel(cancelled());
      break;
    case 'hurry':
      accumulator.hurry();
      break;
    case 'cancelAll':
      accumulator.cancelAll(cancelled);
      break;
    case 'resume':
      resume(books, each.lane);
      break;
  }
  await vi.advanceTimersByTimeAsync(0);
}

function resume({ h, resumedAt }: Books, lane: string | undefined): void {
  for (const each of lane === undefined ? laneNames : [lane]) {
    resumedAt.set(each, h.settlements.length);
  }
  h.accumulator.resumeLanes(lane);
}

/** Lanes of which something has failed since they were resumed, other than by being cancelled. */
function pausedLanes({ h, things, modes, resumedAt }: Books): readonly string[] {
  const hasFailed = (lane: string): boolean =>
    h.settlements
      .slice(resumedAt.get(lane) ?? 0)
      .some(
        ({ name, outcome }) =>
          things[Number(name)]?.lane === lane && !outcome.ok && outcome.error.code !== 'aborted',
      );
  return modes.pauseFailedLanes ? laneNames.filter(hasFailed) : [];
}

/**
 * Each new call keeps the bounds, and takes of each lane the oldest that are not settled, with none of it out; only one
 * where the order is strict, and none of a paused lane.
 */
function checkCalls(books: Books): void {
  const { h, things, modes } = books;
  for (; books.checkedCalls < h.calls.length; books.checkedCalls++) {
    const call = h.calls[books.checkedCalls];
    if (call === undefined) {
      return;
    }
    const earlier = h.calls.slice(0, books.checkedCalls);
    const bytes = call.things.reduce((sum, each) => sum + each.bytes, 0);
    expect(call.things.length).toBeGreaterThan(0);
    expect(call.things.length).toBeLessThanOrEqual(limits.maxEntries);
    expect(call.things.length === 1 || bytes <= limits.maxBytes).toBe(true);
    expect(new Set(call.names).size).toBe(call.names.length);
    const lanesOfCall = call.things.flatMap(({ lane }) => (lane === undefined ? [] : [lane]));
    expect(modes.laneOrder === 'throughput' || new Set(lanesOfCall).size === lanesOfCall.length).toBe(true);
    expect(lanesOfCall.filter((lane) => call.pausedLanes.includes(lane))).toEqual([]);
    for (const each of call.things) {
      const older = things
        .slice(0, things.indexOf(each))
        .filter(({ lane }) => lane !== undefined && lane === each.lane);
      const earlierInCall = call.things.slice(0, call.things.indexOf(each));
      expect(older.every((other) => isSettled(books, other) || earlierInCall.includes(other))).toBe(true);
      expect(
        earlier.some(
          (other) =>
            !other.isOver && other.things.some(({ lane }) => lane !== undefined && lane === each.lane),
        ),
      ).toBe(false);
      expect(earlier.some((other) => !other.isOver && other.things.includes(each))).toBe(false);
    }
  }
}

function checkAll(books: Books): void {
  const { h, things } = books;
  checkCalls(books);
  expect(h.accumulator.pausedLanes().toSorted()).toEqual(pausedLanes(books));
  expect(Object.values(h.accumulator.flushes).reduce((sum, each) => sum + each)).toBe(h.calls.length);
  expect(h.accumulator.inFlight).toBe(open(books).length);
  expect(h.accumulator.inFlight).toBeLessThanOrEqual(limits.maxInFlight);
  expect(h.accumulator.size).toBe(things.filter((each) => !isSettled(books, each)).length);
  const now = systemClock.monotonic();
  for (const each of things) {
    const settlement = h.settlementOf(each.name); // throws if there are two
    expect(settlement !== undefined || each.deadlineAt + sweepPauseMs > now).toBe(true);
    expect(books.tickets.get(each.name)?.attempts).toBe(
      h.calls.filter((call) => call.things.includes(each)).length,
    );
  }
  const idleTimers = h.accumulator.size === 0 ? vi.getTimerCount() : 0;
  expect(idleTimers).toBeLessThanOrEqual(open(books).length); // their time-outs
}

/** What could leave has lingered no longer than it may: none of it was here all this time, with a call to spare. */
async function checkLinger(books: Books): Promise<void> {
  const { h, things } = books;
  const couldLeave = (): readonly Thing[] =>
    things.filter((each) => {
      const last = h.calls.findLast((call) => call.things.includes(each));
      const isLaneOut = open(books).some((call) =>
        call.things.some(({ lane }) => lane !== undefined && lane === each.lane),
      );
      const isHead =
        things.find(({ lane, name }) => lane === each.lane && h.settlementOf(name) === undefined) === each;
      // Never tried: it is not backing off.
      const isPaused = each.lane !== undefined && h.accumulator.pausedLanes().includes(each.lane);
      return (
        !isSettled(books, each) &&
        last === undefined &&
        !isLaneOut &&
        !isPaused &&
        (each.lane === undefined || isHead)
      );
    });
  const before = couldLeave();
  const openBefore = open(books);
  await vi.advanceTimersByTimeAsync(limits.lingerMs + 1);
  // And had before: no call has timed out.
  const hasRoom = open(books).length < limits.maxInFlight && openBefore.every(({ isOver }) => !isOver);
  const after = couldLeave();
  expect(hasRoom && before.some((each) => after.includes(each))).toBe(false);
}

/** Answers everything with success until nothing is left. */
async function finish(books: Books): Promise<void> {
  for (let round = 0; books.h.accumulator.size > 0 || open(books).length > 0; round++) {
    expect(round).toBeLessThan(1_000);
    resume(books, undefined);
    for (const call of open(books)) {
      call.succeed();
    }
    await vi.advanceTimersByTimeAsync(limits.backoffMs);
    checkAll(books);
  }
}

/** Whether what a thing was told agrees with the answers of its calls. */
function isTrue({ h }: Books, each: Thing): boolean {
  const outcome = h.settlementOf(each.name)?.outcome;
  const answers = h.calls
    .filter((call) => call.things.includes(each))
    .map((call) => call.answer?.[call.things.indexOf(each)]);
  if (outcome?.ok === true) {
    return answers.at(-1) === outcome;
  }
  // `rejected` is certainly without effect: every attempt was answered, with a rejection.
  const certain = answers.every((answer) => answer?.ok === false && answer.error.outcome === 'rejected');
  return certain || outcome?.error.outcome === 'unknown';
}

/** Whether a thing was sent again after it had been accepted. */
function isSentTwice({ h }: Books, each: Thing): boolean {
  const calls = h.calls.filter((call) => call.things.includes(each));
  return calls.slice(0, -1).some((call) => call.answer?.[call.things.indexOf(each)]?.ok === true);
}

test.each<Modes>([
  { laneOrder: 'strict', pauseFailedLanes: false },
  { laneOrder: 'throughput', pauseFailedLanes: false },
  { laneOrder: 'strict', pauseFailedLanes: true },
  { laneOrder: 'throughput', pauseFailedLanes: true },
])(
  'any schedule ($laneOrder, pausing $pauseFailedLanes): bounds, lanes, deadlines and timers hold, and every entry is settled once',
  async (modes) => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 80 }), async (steps) => {
        const h = harness({ ...limits, ...modes, backoff: () => limits.backoffMs, callTimeoutMs: 300 });
        const books: Books = {
          h,
          modes,
          things: [],
          tickets: new Map(),
          resumedAt: new Map(),
          checkedCalls: 0,
        };
        for (const each of steps) {
          await perform(books, each);
          checkAll(books);
        }
        await checkLinger(books);
        checkAll(books);
        await finish(books);
        expect(books.things.filter((each) => !isTrue(books, each))).toEqual([]);
        expect(books.things.filter((each) => isSentTwice(books, each))).toEqual([]);
      }),
      { numRuns: 100 },
    );
  },
);
