import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { systemClock } from '../src/clock.ts';
import { type ConcurrencyLimit, createConcurrencyLimit } from '../src/concurrency.ts';
import { isQueueError, QueueError } from '../src/queue-error.ts';
import {
  type Call,
  done,
  failure,
  finalFailure,
  type Harness,
  harness,
  retryableFailure,
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

const pass = (ms: number): Promise<unknown> => vi.advanceTimersByTimeAsync(ms);
const batches = ({ calls }: Harness): readonly (readonly string[])[] => calls.map(({ names }) => names);

function callAt({ calls }: Harness, index: number): Call {
  const call = calls[index];
  if (call === undefined) {
    throw new Error(`call ${index} of ${calls.length} was not made`);
  }
  return call;
}

function addLane({ accumulator }: Harness, lane: string, count: number): void {
  for (let index = 0; index < count; index++) {
    accumulator.add(thing(`${lane}${index}`, { lane }));
  }
}

const throttled = failure('throttled', { retryable: true, throttled: true });
const aborted = (): QueueError => new QueueError('aborted', 'enough', {});

describe('lanes in throughput order', () => {
  test('as many entries of a lane as fit go in one call, and one call of a lane is under way at a time', async () => {
    const h = harness({ laneOrder: 'throughput', maxEntries: 3, maxInFlight: 5 });
    addLane(h, 'a', 5);
    addLane(h, 'b', 1);
    await pass(50);
    expect(batches(h)).toEqual([['a0', 'a1', 'a2'], ['b0']]);
    await pass(1_000);
    expect(h.calls.length).toBe(2);
    callAt(h, 0).succeed();
    await pass(1);
    expect(batches(h).slice(2)).toEqual([['a3', 'a4']]);
  });

  test('a failed entry goes again before those behind it, and the gap is reported', async () => {
    const overtaken: (readonly [string, number])[] = [];
    const h = harness({
      laneOrder: 'throughput',
      maxEntries: 4,
      onOvertaken: ({ name }, by) => overtaken.push([name, by]),
    });
    addLane(h, 'a', 6);
    await pass(1);
    callAt(h, 0).resolve([done, retryableFailure, done, done]);
    await pass(99);
    expect([h.calls.length, overtaken]).toEqual([1, [['a1', 2]]]);
    await pass(1);
    expect(batches(h).slice(1)).toEqual([['a1', 'a4', 'a5']]);
  });

  test('no gap is reported where what failed is the end of the lane, or of a call that failed as a whole', async () => {
    const onOvertaken = vi.fn<() => void>();
    const h = harness({ laneOrder: 'throughput', onOvertaken });
    addLane(h, 'a', 3);
    h.accumulator.add(thing('loose'));
    await pass(1);
    callAt(h, 0).resolve([done, retryableFailure, retryableFailure, done]);
    await pass(100);
    callAt(h, 1).reject(new Error('hang up'));
    await pass(1_000);
    expect(onOvertaken).not.toHaveBeenCalled();
  });

  test('of a batch that was too large, the second half of a lane waits for the first', async () => {
    const tooLarge = failure('batch-too-large');
    const h = harness({ laneOrder: 'throughput', maxInFlight: 5 });
    addLane(h, 'a', 4);
    await pass(1);
    callAt(h, 0).resolve([tooLarge, tooLarge, tooLarge, tooLarge]);
    await pass(0);
    expect(batches(h).slice(1)).toEqual([['a0', 'a1']]);
    callAt(h, 1).succeed();
    await pass(0);
    expect(batches(h).slice(2)).toEqual([['a2', 'a3']]);
  });
});

describe('lanes that their owner pauses when an entry has failed', () => {
  test('those behind it wait until the lane is resumed; other lanes go on', async () => {
    const h = harness({ pauseFailedLanes: true });
    addLane(h, 'a', 2);
    addLane(h, 'b', 2);
    await pass(1);
    callAt(h, 0).resolve([finalFailure, finalFailure]);
    await pass(1_000);
    expect([h.calls.length, h.accumulator.pausedLanes()]).toEqual([1, ['a', 'b']]);
    h.accumulator.resumeLanes('b');
    await pass(1);
    expect([batches(h).slice(1), h.accumulator.pausedLanes()]).toEqual([[['b1']], ['a']]);
    h.accumulator.resumeLanes();
    await pass(50);
    expect([batches(h).slice(2), h.accumulator.pausedLanes()]).toEqual([[['a1']], []]);
  });

  test('those behind it are given up at their own deadlines', async () => {
    const h = harness({ pauseFailedLanes: true });
    h.accumulator.add(thing('a0', { lane: 'a' }));
    h.accumulator.add(thing('a1', { lane: 'a', deadlineMs: 500 }));
    await pass(1);
    callAt(h, 0).resolve([finalFailure]);
    await pass(500);
    expect(h.settlementOf('a1')?.outcome).toMatchObject({ error: { code: 'deadline-exceeded' } });
    expect([h.accumulator.size, h.accumulator.pausedLanes(), vi.getTimerCount()]).toEqual([0, ['a'], 0]);
  });

  test('an entry given up at its deadline pauses its lane too; one that was cancelled does not', async () => {
    const h = harness({ pauseFailedLanes: true, maxInFlight: 1 });
    h.accumulator.add(thing('a0', { lane: 'a', deadlineMs: 10 }));
    h.accumulator.add(thing('a1', { lane: 'a' }));
    const ticket = h.accumulator.add(thing('b0', { lane: 'b' }));
    h.accumulator.add(thing('b1', { lane: 'b' }));
    await pass(1);
    ticket.cancel(aborted());
    await pass(10);
    callAt(h, 0).succeed();
    await pass(100);
    expect([batches(h), h.accumulator.pausedLanes()]).toEqual([[['a0', 'b0'], ['b1']], ['a']]);
  });

  test('nothing pauses unless it is asked for', async () => {
    const h = harness();
    addLane(h, 'a', 2);
    await pass(1);
    callAt(h, 0).resolve([finalFailure]);
    await pass(1);
    expect([batches(h), h.accumulator.pausedLanes()]).toEqual([[['a0'], ['a1']], []]);
  });
});

describe('entries that may not leave for now', () => {
  function barring(...names: readonly string[]): { readonly barred: Set<string>; readonly h: Harness } {
    const barred = new Set(names);
    return { barred, h: harness({ mayLeave: ({ name }) => !barred.has(name) }) };
  }

  test('are set aside until they are recalled; their company leaves without them', async () => {
    const { barred, h } = barring('b');
    for (const name of ['a', 'b', 'c']) {
      h.accumulator.add(thing(name));
    }
    await pass(1);
    expect(batches(h)).toEqual([['a', 'c']]);
    callAt(h, 0).succeed();
    await pass(1_000);
    expect([h.calls.length, h.accumulator.size]).toEqual([1, 1]);
    barred.clear();
    h.accumulator.recall();
    expect(batches(h).slice(1)).toEqual([['b']]);
    callAt(h, 1).succeed();
    await pass(1);
    expect(h.settlementOf('b')).toMatchObject({ outcome: done, attempts: 1 });
  });

  test('are set aside again where they still may not leave', async () => {
    const { barred, h } = barring('a', 'b');
    h.accumulator.add(thing('a'));
    h.accumulator.add(thing('b'));
    await pass(1);
    barred.delete('b');
    h.accumulator.recall();
    expect(batches(h)).toEqual([['b']]);
    barred.clear();
    h.accumulator.recall();
    expect(batches(h)).toEqual([['b'], ['a']]);
  });

  test('do not linger once more when they are recalled', async () => {
    const { barred, h } = barring('a0');
    for (let index = 0; index < 10; index++) {
      h.accumulator.add(thing(`a${index}`)); // a full batch, which does not linger
    }
    expect(h.calls.length).toBe(1);
    barred.clear();
    h.accumulator.recall();
    expect(batches(h).slice(1)).toEqual([['a0']]);
  });

  test('keep their lane waiting', async () => {
    const { barred, h } = barring('a0');
    addLane(h, 'a', 2);
    await pass(1_000);
    expect(h.calls.length).toBe(0);
    barred.clear();
    h.accumulator.recall();
    callAt(h, 0).succeed();
    await pass(1);
    expect(batches(h)).toEqual([['a0'], ['a1']]);
  });

  test('wait so after a failure too, and are settled once: cancelled, or given up at their deadlines', async () => {
    const { barred, h } = barring('nothing');
    const ticket = h.accumulator.add(thing('a'));
    h.accumulator.add(thing('b', { deadlineMs: 500 }));
    await pass(1);
    callAt(h, 0).resolve([retryableFailure, retryableFailure]);
    barred.add('a').add('b');
    await pass(200);
    expect(h.calls.length).toBe(1);
    ticket.cancel(aborted());
    await pass(400);
    expect(h.settlements).toMatchObject([
      { name: 'a', attempts: 1, outcome: { error: { code: 'aborted' } } },
      { name: 'b', attempts: 1, outcome: { error: { code: 'deadline-exceeded' } } },
    ]);
    barred.clear();
    h.accumulator.recall();
    expect([h.calls.length, h.accumulator.size, vi.getTimerCount()]).toEqual([1, 0, 0]);
  });
});

test('it tells what is part of a call under way, given up or not', async () => {
  const h = harness();
  const carries = (sought: string): boolean => h.accumulator.carries(({ name }) => name === sought);
  const ticket = h.accumulator.add(thing('a'));
  expect(carries('a')).toBe(false);
  await pass(1);
  expect([carries('a'), carries('b')]).toEqual([true, false]);
  ticket.cancel(aborted());
  expect(carries('a')).toBe(true);
  callAt(h, 0).succeed();
  await pass(0);
  expect(carries('a')).toBe(false);
});

test('a flow with many entries does not keep another waiting', async () => {
  const h = harness({ maxEntries: 2, maxInFlight: 1 });
  for (let index = 0; index < 1_000; index++) {
    h.accumulator.add(thing(`noisy${index}`, { flow: 'noisy' }));
  }
  h.accumulator.add(thing('quiet', { flow: 'quiet' }));
  callAt(h, 0).succeed();
  await pass(0);
  expect(batches(h).slice(1)).toEqual([['noisy2', 'quiet']]);
});

test('an entry whose turn comes later lingers no longer than one whose turn it is', async () => {
  const h = harness({ maxEntries: 3, maxInFlight: 2, lingerMs: 50 });
  for (const name of ['a0', 'a1']) {
    h.accumulator.add(thing(name, { flow: 'a' }));
  }
  h.accumulator.add(thing('a2', { flow: 'a' })); // full
  h.accumulator.add(thing('a3', { flow: 'a' }));
  await pass(40);
  h.accumulator.add(thing('b0', { flow: 'b' }));
  await pass(10);
  expect(batches(h)).toEqual([
    ['a0', 'a1', 'a2'],
    ['a3', 'b0'],
  ]);
});

describe('a batch that would be billed as two requests', () => {
  const kib = 1_024;
  const size = { bytes: 7 * kib };

  test('leaves one behind, which lingers from when it came', async () => {
    const h = harness({ maxBytes: 1_024 * kib, lingerMs: 50, lingerWhenIdle: true, maxInFlight: 5 });
    for (let index = 0; index < 10; index++) {
      h.accumulator.add(thing(`${index}`, size));
      await pass(0);
    }
    expect(callAt(h, 0).names.length).toBe(9);
    await pass(49);
    expect(h.calls.length).toBe(1);
    await pass(1);
    expect(batches(h).slice(1)).toEqual([['9']]);
  });

  test('what need not linger leaves at once, in a call of its own', () => {
    const h = harness({ maxBytes: 1_024 * kib, lingerMs: 50, maxInFlight: 5, maxEntries: 12 });
    for (let index = 0; index < 10; index++) {
      h.accumulator.add(thing(`${index}`, size));
    }
    h.accumulator.hurry();
    expect(batches(h).map(({ length }) => length)).toEqual([9, 1]);
  });
});

describe('the history of a message given up', () => {
  test('has each failed attempt, and when it had failed', async () => {
    const h = harness({ backoff: () => 100 });
    h.accumulator.add(thing('a', { deadlineMs: 250 }));
    await pass(1);
    callAt(h, 0).resolve([throttled]);
    await pass(100);
    callAt(h, 1).resolve([retryableFailure]);
    await pass(100);
    callAt(h, 2).resolve([retryableFailure]);
    await pass(0);
    const outcome = h.settlementOf('a')?.outcome;
    expect(outcome).toMatchObject({
      error: {
        code: 'deadline-exceeded',
        details: {
          attempts: 3,
          history: [
            { afterMs: 1, code: 'throttled' },
            { afterMs: 101, code: 'service-error' },
            { afterMs: 201, code: 'service-error' },
          ],
        },
      },
    });
  });

  test('has the last twenty', async () => {
    const h = harness({ backoff: () => 10 });
    h.accumulator.add(thing('a', { deadlineMs: 305 }));
    await pass(1);
    for (let attempt = 0; attempt < 31; attempt++) {
      h.calls.at(-1)?.resolve([retryableFailure]);
      await pass(10);
    }
    const outcome = h.settlementOf('a')?.outcome;
    const error = outcome?.ok === false ? outcome.error : undefined;
    expect(
      isQueueError(error, 'deadline-exceeded') ? error.details.history?.map(({ afterMs }) => afterMs) : [],
    ).toEqual(Array.from({ length: 20 }, (_, index) => 111 + 10 * index));
  });

  test('is left out where nothing has failed', async () => {
    const h = harness();
    h.accumulator.add(thing('a', { deadlineMs: 10 }));
    await pass(10);
    expect(h.settlementOf('a')?.outcome).toMatchObject({ error: { details: { attempts: 1 } } });
    expect(h.settlementOf('a')?.outcome).not.toHaveProperty('error.details.history');
  });
});

test('batches are counted by why they left', async () => {
  const h = harness({ maxEntries: 2, maxInFlight: 10, lingerMs: 50 });
  const add = (name: string): unknown => h.accumulator.add(thing(name));
  add('idle');
  await pass(1);
  add('full 1');
  add('full 2');
  add('lingered');
  await pass(50);
  add('hurried');
  h.accumulator.hurry();
  callAt(h, 0).resolve([retryableFailure]);
  await pass(100);
  expect(batches(h)).toEqual([['idle'], ['full 1', 'full 2'], ['lingered'], ['hurried'], ['idle']]);
  expect(h.accumulator.flushes).toEqual({ idle: 1, full: 1, lingered: 1, hurried: 1, retried: 1 });
});

describe('a limit that adapts', () => {
  const adaptive = (): ConcurrencyLimit => createConcurrencyLimit({ clock: systemClock, max: 8, initial: 1 });

  test('grows with the calls that are answered, and no more are made at a time', async () => {
    const limit = adaptive();
    const h = harness({ maxInFlight: limit, maxEntries: 1 });
    for (let index = 0; index < 1_000; index++) {
      h.accumulator.add(thing(`${index}`));
    }
    for (let round = 0; round < 20; round++) {
      expect(h.accumulator.inFlight).toBeLessThanOrEqual(limit.limit);
      await pass(10);
      for (const call of h.calls.filter(({ isOver }) => !isOver)) {
        call.succeed();
        await pass(0);
      }
    }
    expect([limit.limit, h.accumulator.inFlight]).toEqual([8, 8]);
  });

  test.each([
    ['an accepted entry', done, ['answered', 0]],
    ['a throttled entry', throttled, ['answered', 1]],
    ['a failed entry', retryableFailure, ['failed']],
  ] as const)('is told of %s', async (_, outcome, told) => {
    const heard: unknown[] = [];
    const h = harness({
      maxInFlight: {
        limit: 1,
        inFlight: 0,
        begin: () => ({
          answered: (share) => heard.push('answered', share),
          failed: () => heard.push('failed'),
        }),
      },
    });
    h.accumulator.add(thing('a'));
    await pass(1);
    callAt(h, 0).resolve([outcome]);
    await pass(0);
    expect(heard).toEqual(told);
  });

  test('is told that a call which was ended has failed, once', async () => {
    const limit = adaptive();
    const h = harness({ maxInFlight: limit, callTimeoutMs: 20 });
    h.accumulator.add(thing('a'));
    await pass(21);
    callAt(h, 0).succeed();
    await pass(0);
    expect([limit.inFlight, limit.limit]).toEqual([0, 1]);
  });
});
