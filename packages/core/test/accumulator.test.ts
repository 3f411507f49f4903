import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { type Clock, systemClock } from '../src/clock.ts';
import { QueueError } from '../src/queue-error.ts';
import { exponentialBackoff } from '../src/retry.ts';
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
const names = (prefix: string, count: number): readonly string[] =>
  Array.from({ length: count }, (_, index) => `${prefix}${index}`);

function addAll({ accumulator }: Harness, added: readonly string[]): void {
  for (const name of added) {
    accumulator.add(thing(name));
  }
}

/** The call at this place, which must have been made. */
function callAt({ calls }: Harness, index: number): Call {
  const call = calls[index];
  if (call === undefined) {
    throw new Error(`call ${index} of ${calls.length} was not made`);
  }
  return call;
}

const aborted = (): QueueError<'aborted'> => new QueueError('aborted', 'enough', {});

describe('when a batch leaves', () => {
  test('with nothing in flight, what one turn adds leaves together in the next', async () => {
    const h = harness();
    addAll(h, ['a', 'b', 'c']);
    expect(h.calls).toEqual([]);
    await pass(0);
    expect(batches(h)).toEqual([['a', 'b', 'c']]);
  });

  test('regression: a batch left before the loop that was filling it had come to its end, as soon as a millisecond was over', () => {
    let now = 0;
    const clock: Clock = { ...systemClock, monotonic: () => now++ };
    const h = harness({ clock, maxEntries: 4, lingerMs: 0 });
    addAll(h, names('a', 7));
    expect(batches(h)).toEqual([names('a', 4)]);
  });

  test('a full batch leaves at once', () => {
    const h = harness({ maxEntries: 3 });
    addAll(h, names('a', 7));
    expect(batches(h)).toEqual([names('a', 3), ['a3', 'a4', 'a5']]);
  });

  test('a batch that is full by bytes leaves at once', () => {
    const h = harness({ maxBytes: 100 });
    h.accumulator.add(thing('a', { bytes: 60 }));
    h.accumulator.add(thing('b', { bytes: 30 }));
    expect(h.calls).toEqual([]);
    h.accumulator.add(thing('c', { bytes: 10 }));
    expect(batches(h)).toEqual([['a', 'b', 'c']]);
  });

  test('an entry that would be too much leaves with the next batch', async () => {
    const h = harness({ maxBytes: 100 });
    h.accumulator.add(thing('a', { bytes: 60 }));
    h.accumulator.add(thing('b', { bytes: 41 }));
    expect(batches(h)).toEqual([['a']]);
    await pass(50);
    expect(batches(h)).toEqual([['a'], ['b']]);
  });

  test('an entry larger than a batch leaves alone and at once', () => {
    const h = harness({ maxBytes: 100 });
    h.accumulator.add(thing('a', { bytes: 101 }));
    expect(batches(h)).toEqual([['a']]);
  });

  test('with a call in flight, entries linger', async () => {
    const h = harness({ lingerMs: 50 });
    h.accumulator.add(thing('a'));
    await pass(1);
    h.accumulator.add(thing('b'));
    await pass(30);
    h.accumulator.add(thing('c'));
    await pass(19);
    expect(batches(h)).toEqual([['a']]);
    await pass(1);
    expect(batches(h)).toEqual([['a'], ['b', 'c']]);
  });

  test('what lingers leaves when the last call in flight is answered', async () => {
    const h = harness({ lingerMs: 50 });
    h.accumulator.add(thing('a'));
    await pass(1);
    h.accumulator.add(thing('b'));
    await pass(10);
    callAt(h, 0).succeed();
    await pass(0);
    expect(batches(h)).toEqual([['a'], ['b']]);
  });

  test('entries linger while nothing is in flight too, if they are told to', async () => {
    const h = harness({ lingerMs: 50, lingerWhenIdle: true });
    h.accumulator.add(thing('a'));
    await pass(49);
    h.accumulator.add(thing('b'));
    expect(h.calls).toEqual([]);
    await pass(1);
    expect(batches(h)).toEqual([['a', 'b']]);
  });

  test('no more calls than allowed are in flight, and batches fill meanwhile', async () => {
    const h = harness({ maxEntries: 4, maxInFlight: 2, lingerMs: 0 });
    addAll(h, names('a', 9));
    await pass(1_000);
    addAll(h, names('b', 2));
    await pass(1_000);
    expect(h.calls.length).toBe(2);
    expect(h.accumulator.inFlight).toBe(2);
    callAt(h, 1).succeed();
    await pass(0);
    expect(batches(h).slice(2)).toEqual([['a8', 'b0', 'b1']]);
  });

  test('where many places are all taken, a freed one waits for a quarter of them, 2 ms at most', async () => {
    const h = harness({ maxEntries: 1, maxInFlight: 16, lingerMs: 0 });
    addAll(h, names('a', 40));
    expect(h.calls.length).toBe(16);
    for (const index of [0, 1, 2]) {
      callAt(h, index).succeed();
    }
    await pass(1);
    expect(h.calls.length).toBe(16);
    callAt(h, 3).succeed();
    await pass(0);
    expect(h.calls.length).toBe(20); // four together
    callAt(h, 4).succeed();
    await pass(1);
    expect(h.calls.length).toBe(20);
    await pass(1);
    expect(h.calls.length).toBe(21);
    for (const call of h.calls) {
      call.succeed();
    }
    await pass(0);
    expect(h.calls.length).toBe(37);
  });

  test('where few places are all taken, a freed one is taken at once', async () => {
    const h = harness({ maxEntries: 1, maxInFlight: 15, lingerMs: 0 });
    addAll(h, names('a', 16));
    callAt(h, 0).succeed();
    await pass(0);
    expect(h.calls.length).toBe(16);
  });

  test('hurry lets what is here leave at once; what comes later lingers', async () => {
    const h = harness({ lingerMs: 50, lingerWhenIdle: true, maxInFlight: 5 });
    h.accumulator.add(thing('a'));
    h.accumulator.hurry();
    expect(batches(h)).toEqual([['a']]);
    h.accumulator.add(thing('b'));
    await pass(49);
    expect(h.calls.length).toBe(1);
    await pass(1);
    expect(h.calls.length).toBe(2);
  });
});

describe('lanes', () => {
  test('entries of a lane leave one at a time, in order', async () => {
    const h = harness();
    for (const name of ['a0', 'a1', 'a2', 'b0']) {
      h.accumulator.add(thing(name, { lane: name.charAt(0) }));
    }
    await pass(1);
    expect(batches(h)).toEqual([['a0', 'b0']]);
    await pass(1_000);
    expect(h.calls.length).toBe(1);
    callAt(h, 0).succeed();
    await pass(0);
    expect(batches(h).slice(1)).toEqual([['a1']]);
  });

  test('a lane waits while its head is tried again', async () => {
    const h = harness({ backoff: () => 100 });
    h.accumulator.add(thing('a0', { lane: 'a' }));
    h.accumulator.add(thing('a1', { lane: 'a' }));
    await pass(1);
    callAt(h, 0).resolve([retryableFailure]);
    await pass(99);
    expect(h.calls.length).toBe(1);
    await pass(1);
    callAt(h, 1).succeed();
    await pass(1);
    expect(batches(h)).toEqual([['a0'], ['a0'], ['a1']]);
  });

  test('a lane goes on when its head has failed for good', async () => {
    const h = harness();
    h.accumulator.add(thing('a0', { lane: 'a' }));
    h.accumulator.add(thing('a1', { lane: 'a' }));
    await pass(1);
    callAt(h, 0).resolve([finalFailure]);
    await pass(1);
    expect(batches(h)).toEqual([['a0'], ['a1']]);
  });

  test.each(['cancelled', 'past its deadline'])(
    'a head that is %s in flight holds its lane until the call is answered',
    async (how) => {
      const h = harness();
      const ticket = h.accumulator.add(thing('a0', { lane: 'a', deadlineMs: 20 }));
      h.accumulator.add(thing('a1', { lane: 'a' }));
      await pass(1);
      if (how === 'cancelled') {
        ticket.cancel(aborted());
      }
      await pass(1_000);
      expect(h.settlementOf('a0')?.outcome).toMatchObject({ ok: false, error: { outcome: 'unknown' } });
      expect(h.calls.length).toBe(1);
      callAt(h, 0).succeed();
      await pass(0);
      expect(batches(h)).toEqual([['a0'], ['a1']]);
      expect(h.settlementOf('a0')?.outcome.ok).toBe(false);
    },
  );

  test('the lanes of one answer leave together again', async () => {
    const h = harness({ lingerMs: 0 });
    for (const name of ['a0', 'b0', 'c0', 'a1', 'b1', 'c1']) {
      h.accumulator.add(thing(name, { lane: name.charAt(0) }));
    }
    await pass(1);
    await pass(10);
    callAt(h, 0).succeed();
    await pass(0);
    expect(batches(h)).toEqual([
      ['a0', 'b0', 'c0'],
      ['a1', 'b1', 'c1'],
    ]);
  });
});

describe('outcomes', () => {
  test('each entry is told its own outcome, with the calls it took part in', async () => {
    const h = harness();
    addAll(h, ['a', 'b']);
    await pass(1);
    callAt(h, 0).resolve([done, finalFailure]);
    await pass(0);
    expect(h.settlements).toEqual([
      { name: 'a', outcome: done, attempts: 1 },
      { name: 'b', outcome: finalFailure, attempts: 1 },
    ]);
    expect([h.accumulator.size, h.accumulator.inFlight]).toEqual([0, 0]);
  });

  test('a failed entry is tried again alone, after the back-off, and one that was accepted never', async () => {
    const h = harness({ backoff: () => 100 });
    addAll(h, ['a', 'b', 'c']);
    await pass(1);
    callAt(h, 0).resolve([done, retryableFailure, done]);
    await pass(99);
    expect(h.calls.length).toBe(1);
    await pass(1);
    expect(batches(h)).toEqual([['a', 'b', 'c'], ['b']]);
    callAt(h, 1).succeed();
    await pass(0);
    expect(h.settlementOf('b')).toEqual({ name: 'b', outcome: done, attempts: 2 });
  });

  test('an entry that is tried again leaves before those that came after it, without lingering', async () => {
    const h = harness({ backoff: () => 5, lingerMs: 50, lingerWhenIdle: true });
    addAll(h, ['a', 'b']);
    await pass(50);
    callAt(h, 0).resolve([retryableFailure, retryableFailure]);
    await pass(0);
    addAll(h, ['c', 'd']);
    await pass(5);
    expect(batches(h)).toEqual([
      ['a', 'b'],
      ['a', 'b', 'c', 'd'],
    ]);
  });

  test('the back-off is told how often the entry has failed and whether it was throttled', async () => {
    const asked: unknown[] = [];
    const h = harness({
      backoff: (failures, throttled) => {
        asked.push([failures, throttled]);
        return 1;
      },
    });
    h.accumulator.add(thing('a'));
    await pass(1);
    callAt(h, 0).resolve([retryableFailure]);
    await pass(1);
    callAt(h, 1).resolve([failure('throttled', { retryable: true, throttled: true })]);
    await pass(1);
    callAt(h, 2).succeed();
    await pass(0);
    expect(asked).toEqual([
      [1, false],
      [2, true],
    ]);
  });

  test('a call that rejects is the failure of every entry, with the outcome unknown unless it says otherwise', async () => {
    const h = harness();
    addAll(h, ['a', 'b']);
    await pass(1);
    callAt(h, 0).reject(new Error('socket hang up'));
    await pass(0);
    for (const name of ['a', 'b']) {
      expect(h.settlementOf(name)?.outcome).toMatchObject({
        ok: false,
        error: { code: 'unexpected', outcome: 'unknown' },
      });
    }
  });

  test.each([
    [
      'throws at once',
      () => {
        throw new Error('no');
      },
    ],
    ['answers with nothing', () => Promise.resolve(undefined as unknown as [])],
    ['answers for too few entries', () => Promise.resolve([])],
  ] as const)('a call that %s leaves no entry unsettled', async (_, call) => {
    const h = harness({ call });
    addAll(h, ['a', 'b']);
    await pass(1);
    for (const name of ['a', 'b']) {
      expect(h.settlementOf(name)?.outcome).toMatchObject({
        ok: false,
        error: { code: 'unexpected', outcome: 'unknown' },
      });
    }
    expect(vi.getTimerCount()).toBe(0);
  });

  test('a failure after an attempt that may have taken effect is unknown', async () => {
    const h = harness();
    h.accumulator.add(thing('a'));
    await pass(1);
    callAt(h, 0).resolve([failure('service-error', { retryable: true, outcome: 'unknown' })]);
    await pass(100);
    callAt(h, 1).resolve([finalFailure]);
    await pass(0);
    expect(h.settlementOf('a')?.outcome).toMatchObject({
      ok: false,
      error: { code: 'access-denied', outcome: 'unknown', cause: finalFailure.error },
    });
  });

  test('what an outcome brings in is batched like anything else', async () => {
    const h: Harness = harness({
      maxEntries: 2,
      onSettled: ({ name }) => {
        if (name.length < 3) {
          h.accumulator.add(thing(`${name}'`));
        }
      },
    });
    addAll(h, ['a', 'b']);
    callAt(h, 0).succeed();
    await pass(0);
    expect(batches(h)).toEqual([
      ['a', 'b'],
      ["a'", "b'"],
    ]);
  });
});

test('no batch is cut while the entries of an answer are being settled: it takes the lanes that they free', async () => {
  const settled: string[] = [];
  const h: Harness = harness({
    maxInFlight: 1,
    onSettled: ({ name }) => {
      settled.push(name);
      if (name.endsWith('0')) {
        h.accumulator.add(thing(`after ${name}`));
      }
    },
  });
  for (const name of ['a0', 'b0', 'a1', 'b1']) {
    h.accumulator.add(thing(name, { lane: name.charAt(0) }));
  }
  await pass(1);
  h.accumulator.add(thing('c'));
  await pass(1_000);
  callAt(h, 0).succeed();
  await pass(0);
  expect(settled).toEqual(['a0', 'b0']);
  expect(batches(h).slice(1)).toEqual([['a1', 'b1', 'c', 'after a0', 'after b0']]);
});

describe('a batch that was too large', () => {
  const tooLarge = failure('batch-too-large');

  test('is divided in halves, which leave at once and in order', async () => {
    const h = harness({ maxInFlight: 5 });
    addAll(h, ['a', 'b', 'c', 'd', 'e']);
    await pass(1);
    callAt(h, 0).resolve(names('', 5).map(() => tooLarge));
    await pass(0);
    expect(batches(h).slice(1)).toEqual([
      ['a', 'b', 'c'],
      ['d', 'e'],
    ]);
    callAt(h, 1).resolve([tooLarge, tooLarge, tooLarge]);
    await pass(0);
    expect(batches(h).slice(3)).toEqual([['a', 'b'], ['c']]);
    callAt(h, 3).resolve([tooLarge, tooLarge]);
    await pass(0);
    expect(batches(h).slice(5)).toEqual([['a'], ['b']]);
    expect(h.settlements).toEqual([]);
  });

  test('where one entry of it was too large, that one goes alone', async () => {
    const h = harness({ maxInFlight: 5 });
    addAll(h, ['a', 'b', 'c']);
    await pass(1);
    callAt(h, 0).resolve([done, tooLarge, done]);
    h.accumulator.add(thing('d'));
    await pass(0);
    expect(batches(h).slice(1)).toEqual([['b']]);
  });

  test('is a failure for an entry that went alone', async () => {
    const h = harness();
    h.accumulator.add(thing('a'));
    await pass(1);
    callAt(h, 0).resolve([tooLarge]);
    await pass(1_000);
    expect(h.settlementOf('a')).toEqual({ name: 'a', outcome: tooLarge, attempts: 1 });
  });

  test('does not let its entries retry without a pause for other failures after that', async () => {
    const h = harness({ maxInFlight: 5, backoff: () => 100 });
    addAll(h, ['a', 'b']);
    await pass(1);
    callAt(h, 0).resolve([tooLarge, tooLarge]);
    await pass(0);
    callAt(h, 1).resolve([failure('throttled', { retryable: true, throttled: true })]);
    callAt(h, 2).succeed();
    await pass(99);
    expect(h.calls.length).toBe(3);
    await pass(1);
    expect(batches(h).slice(3)).toEqual([['a']]);
  });
});

describe('deadlines', () => {
  test('an entry that has not left by its deadline is given up, rejected, after no attempt', async () => {
    const h = harness({ maxInFlight: 1 });
    h.accumulator.add(thing('a'));
    await pass(1);
    h.accumulator.add(thing('b', { deadlineMs: 200 }));
    await pass(199);
    expect(h.settlementOf('b')).toBeUndefined();
    await pass(1);
    expect(h.settlementOf('b')).toMatchObject({
      attempts: 0,
      outcome: { error: { code: 'deadline-exceeded', outcome: 'rejected', details: { attempts: 0 } } },
    });
    callAt(h, 0).succeed();
    await pass(1_000);
    expect(h.calls.length).toBe(1);
  });

  test('regression: an entry left after its deadline where the process had been busy for so long', async () => {
    let busyMs = 0;
    const clock: Clock = { ...systemClock, monotonic: () => systemClock.monotonic() + busyMs };
    const h = harness({ clock, lingerMs: 50, lingerWhenIdle: true });
    h.accumulator.add(thing('late', { lane: 'a', deadlineMs: 200 }));
    h.accumulator.add(thing('in time', { deadlineMs: 2_000 }));
    busyMs = 1_000;
    await pass(50);
    expect(batches(h)).toEqual([['in time']]);
    expect(h.settlementOf('late')).toMatchObject({
      attempts: 0,
      outcome: { error: { code: 'deadline-exceeded', outcome: 'rejected' } },
    });
    h.accumulator.add(thing('next', { lane: 'a', deadlineMs: 2_000 }));
    await pass(50);
    expect(batches(h)).toEqual([['in time'], ['next']]);
  });

  test('an entry in flight at its deadline is unknown, and the answer is ignored', async () => {
    const h = harness();
    h.accumulator.add(thing('a', { deadlineMs: 200 }));
    await pass(200);
    const settled = h.settlementOf('a');
    expect(settled).toMatchObject({
      attempts: 1,
      outcome: { error: { code: 'deadline-exceeded', outcome: 'unknown' } },
    });
    callAt(h, 0).succeed();
    await pass(0);
    expect(h.settlements).toEqual([settled]);
  });

  test('an entry in flight at its deadline may be given a moment more, for a certain outcome', async () => {
    const h = harness({ answerGraceMs: 100 });
    h.accumulator.add(thing('accepted', { deadlineMs: 200 }));
    h.accumulator.add(thing('refused', { deadlineMs: 200 }));
    await pass(250);
    expect(h.settlements).toEqual([]);
    callAt(h, 0).resolve([done, retryableFailure]);
    await pass(0);
    expect(h.settlementOf('accepted')?.outcome).toBe(done);
    expect(h.settlementOf('refused')).toMatchObject({
      outcome: { error: { code: 'deadline-exceeded', outcome: 'rejected' } },
    });

    h.accumulator.add(thing('unanswered', { deadlineMs: 200 }));
    await pass(299);
    expect(h.settlementOf('unanswered')).toBeUndefined();
    await pass(1);
    expect(h.settlementOf('unanswered')).toMatchObject({ outcome: { error: { outcome: 'unknown' } } });
  });

  test('an entry whose deadline comes before its next attempt is given up now, with its last error as cause', async () => {
    const h = harness({ backoff: () => 100 });
    h.accumulator.add(thing('a', { deadlineMs: 50 }));
    h.accumulator.add(thing('b'));
    await pass(1);
    callAt(h, 0).resolve([retryableFailure, retryableFailure]);
    await pass(0);
    expect(h.settlementOf('a')).toMatchObject({
      attempts: 1,
      outcome: { error: { code: 'deadline-exceeded', outcome: 'rejected', cause: retryableFailure.error } },
    });
    await pass(100);
    expect(batches(h)).toEqual([['a', 'b'], ['b']]);
  });

  test('an entry given up after an attempt that may have taken effect is unknown', async () => {
    const h = harness({ backoff: () => 100 });
    h.accumulator.add(thing('a', { deadlineMs: 50 }));
    await pass(1);
    callAt(h, 0).resolve([failure('service-error', { retryable: true, outcome: 'unknown' })]);
    await pass(0);
    expect(h.settlementOf('a')?.outcome).toMatchObject({
      error: { code: 'deadline-exceeded', outcome: 'unknown' },
    });
  });

  test('one timer serves all deadlines, however they are ordered', async () => {
    const h = harness({ maxInFlight: 0 });
    for (const deadlineMs of [300, 100, 200]) {
      h.accumulator.add(thing(`${deadlineMs}`, { deadlineMs }));
    }
    expect(vi.getTimerCount()).toBe(1);
    for (const settled of [['100'], ['100', '200'], ['100', '200', '300']]) {
      await pass(100);
      expect(h.settlements.map(({ name }) => name)).toEqual(settled);
    }
    expect(vi.getTimerCount()).toBe(0);
  });
});

describe('an owner that feeds it as it goes', () => {
  test('is told of each answer, and what it adds then leaves in the place of that call', async () => {
    let added = 0;
    const places: boolean[] = [];
    const h = harness({
      maxInFlight: 1,
      lingerMs: 1_000,
      onAnswered: () => {
        places.push(h.accumulator.hasPlace);
        h.accumulator.add(thing(`late${added++}`));
        h.accumulator.hurry();
      },
    });
    h.accumulator.add(thing('a'));
    expect(h.accumulator.hasPlace).toBe(true);
    await pass(1);
    expect(h.accumulator.hasPlace).toBe(false);
    h.accumulator.add(thing('b'));
    callAt(h, 0).resolve([retryableFailure]);
    await pass(0);
    expect(places).toEqual([true]);
    expect(batches(h)).toEqual([['a'], ['b', 'late0']]);
    h.accumulator.cancelAll(aborted);
  });

  test('is told by the ticket whether the entry could still be taken back without effect', async () => {
    const h = harness();
    const ticket = h.accumulator.add(thing('a'));
    const state = (): readonly unknown[] => [ticket.isUnderWay, ticket.ambiguous, ticket.lastError];
    expect(state()).toEqual([false, false, undefined]);
    await pass(1);
    expect(state()).toEqual([true, false, undefined]);
    callAt(h, 0).resolve([retryableFailure]);
    await pass(0);
    expect(state()).toEqual([false, false, retryableFailure.error]);
    await pass(101);
    const lost = failure('service-error', { retryable: true, outcome: 'unknown' });
    callAt(h, 1).resolve([lost]);
    await pass(0);
    expect(state()).toEqual([false, true, lost.error]);
    ticket.cancel(aborted());
  });
});

describe('cancelling', () => {
  test('an entry that waits is rejected with the error, and never leaves', async () => {
    const h = harness();
    const ticket = h.accumulator.add(thing('a'));
    h.accumulator.add(thing('b'));
    const error = aborted();
    ticket.cancel(error);
    expect(h.settlementOf('a')).toEqual({ name: 'a', outcome: { ok: false, error }, attempts: 0 });
    await pass(1);
    expect(batches(h)).toEqual([['b']]);
  });

  test('an entry in flight is unknown, with the error as cause; its neighbours are not touched', async () => {
    const h = harness();
    const ticket = h.accumulator.add(thing('a'));
    h.accumulator.add(thing('b'));
    await pass(1);
    const error = aborted();
    ticket.cancel(error);
    expect(h.settlementOf('a')).toMatchObject({
      attempts: 1,
      outcome: { error: { code: 'aborted', outcome: 'unknown', cause: error } },
    });
    callAt(h, 0).resolve([retryableFailure, done]);
    await pass(1_000);
    expect(h.settlementOf('b')?.outcome).toBe(done);
    expect(h.calls.length).toBe(1);
  });

  test('an entry that backs off after a rejection is rejected, and not tried again', async () => {
    const h = harness();
    const ticket = h.accumulator.add(thing('a'));
    h.accumulator.add(thing('b'));
    await pass(1);
    callAt(h, 0).resolve([retryableFailure, retryableFailure]);
    await pass(10);
    ticket.cancel(aborted());
    expect(h.settlementOf('a')).toMatchObject({ attempts: 1, outcome: { error: { outcome: 'rejected' } } });
    await pass(1_000);
    expect(batches(h)).toEqual([['a', 'b'], ['b']]);
  });

  test('an entry that is settled stays as it is', async () => {
    const h = harness();
    const ticket = h.accumulator.add(thing('a'));
    await pass(1);
    callAt(h, 0).succeed();
    await pass(0);
    ticket.cancel(aborted());
    expect(h.settlementOf('a')?.outcome).toBe(done);
    expect(ticket.attempts).toBe(1);
  });

  test('cancelAll settles everything, each with its own error, whatever its state', async () => {
    const h = harness({ maxEntries: 1, maxInFlight: 2 });
    addAll(h, ['a', 'b']);
    callAt(h, 0).resolve([retryableFailure]);
    await pass(0);
    addAll(h, ['c', 'd', 'e']);
    h.accumulator.cancelAll(({ name }) => new QueueError('closed', `no more of ${name}`, { what: name }));
    const outcomes = h.settlements.map(({ name, outcome }) => [
      name,
      outcome.ok ? 'ok' : `${outcome.error.outcome} ${Object.values(outcome.error.details).join()}`,
    ]);
    expect(outcomes).toEqual([
      ['a', 'rejected a'],
      ['b', 'unknown b'],
      ['c', 'unknown c'],
      ['d', 'rejected d'],
      ['e', 'rejected e'],
    ]);
    expect([h.accumulator.size, vi.getTimerCount()]).toEqual([0, 1]); // the time-outs of two calls
    callAt(h, 1).succeed();
    callAt(h, 2).succeed();
    await pass(0);
    expect(vi.getTimerCount()).toBe(0);
    await pass(10_000);
    expect(h.calls.length).toBe(3);
    expect(h.accumulator.inFlight).toBe(0);
  });

  test('the accumulator can be used after cancelAll', async () => {
    const h = harness();
    h.accumulator.add(thing('a'));
    h.accumulator.cancelAll(aborted);
    h.accumulator.add(thing('b'));
    await pass(1);
    expect(batches(h)).toEqual([['b']]);
  });

  test('an entry cancelled by the outcome of another of its batch is settled once and not tried again', async () => {
    const h: Harness = harness({
      onSettled: ({ name }, outcome, attempts) => {
        settled.push(`${name} ${outcome.ok ? 'ok' : outcome.error.code} ${attempts}`);
        ticket.cancel(aborted());
      },
    });
    const settled: string[] = [];
    const ticket = h.accumulator.add(thing('a', { lane: 'a' }));
    h.accumulator.add(thing('b'));
    h.accumulator.add(thing('after a', { lane: 'a' }));
    await pass(1);
    callAt(h, 0).resolve([retryableFailure, done]);
    await pass(1_000);
    expect(settled).toEqual(['b ok 1', 'a aborted 1']);
    expect(batches(h)).toEqual([['a', 'b'], ['after a']]);
  });
});

describe('hurry and lanes', () => {
  test('a hurried entry of a lane does not linger behind a newer lane', async () => {
    const h = harness({ lingerMs: 10_000, lingerWhenIdle: true, maxInFlight: 5 });
    h.accumulator.add(thing('a0', { lane: 'a' }));
    h.accumulator.add(thing('a1', { lane: 'a' }));
    h.accumulator.hurry();
    h.accumulator.add(thing('b0', { lane: 'b' }));
    callAt(h, 0).succeed();
    await pass(0);
    expect(batches(h)).toEqual([['a0'], ['b0', 'a1']]);
  });
});

describe('a call that does not answer', () => {
  const callTimeoutMs = 5_000;

  test('regression: kept its place among the calls in flight and its lane for good', async () => {
    const h = harness({ callTimeoutMs, maxEntries: 1, maxInFlight: 1 });
    h.accumulator.add(thing('a', { lane: 'a', deadlineMs: 1_000 }));
    h.accumulator.add(thing('b', { lane: 'a' }));
    await pass(callTimeoutMs - 1);
    expect(batches(h)).toEqual([['a']]);
    await pass(1);
    expect(batches(h)).toEqual([['a'], ['b']]);
    expect(h.accumulator.inFlight).toBe(1);
  });

  test('is ended by its signal, is a retryable time-out of each entry, and they are tried again', async () => {
    const h = harness({ callTimeoutMs });
    h.accumulator.add(thing('a'));
    h.accumulator.add(thing('b', { deadlineMs: callTimeoutMs + 50 }));
    await pass(1 + callTimeoutMs);
    const { signal } = callAt(h, 0);
    expect(signal.aborted).toBe(true);
    expect(signal.reason).toMatchObject({
      code: 'timeout',
      retryable: true,
      outcome: 'unknown',
      details: { operation: 'batch call', timeoutMs: callTimeoutMs },
    });
    expect(h.settlementOf('b')?.outcome).toMatchObject({
      error: { code: 'deadline-exceeded', outcome: 'unknown', cause: signal.reason },
    });
    await pass(100);
    expect(batches(h)).toEqual([['a', 'b'], ['a']]);
    expect(callAt(h, 1).signal.aborted).toBe(false);
  });

  test('is ignored when it answers or rejects after all', async () => {
    const h = harness({ callTimeoutMs, maxEntries: 1 });
    addAll(h, ['a', 'b']);
    await pass(callTimeoutMs);
    callAt(h, 0).succeed();
    callAt(h, 1).reject(new Error('hang up'));
    await pass(0);
    expect([h.settlements, h.accumulator.inFlight]).toEqual([[], 0]);
    await pass(100);
    callAt(h, 2).succeed();
    callAt(h, 3).succeed();
    await pass(0);
    expect(h.settlements.map(({ name, attempts }) => [name, attempts])).toEqual([
      ['a', 2],
      ['b', 2],
    ]);
  });

  test('does not keep the process alive once all of its entries are settled', async () => {
    const alive = new Set<object>();
    const clock: Clock = {
      ...systemClock,
      setTimer(callback, delayMs, options) {
        const key = {};
        const fire = (): void => {
          alive.delete(key);
          callback();
        };
        const timer = systemClock.setTimer(fire, delayMs, options);
        if (options?.keepAlive === true) {
          alive.add(key);
        }
        const cancel = (): void => {
          alive.delete(key);
          timer.cancel();
        };
        return { cancel };
      },
    };
    const h = harness({ clock, callTimeoutMs, maxEntries: 1 });
    h.accumulator.add(thing('a'));
    expect(alive.size).toBe(1);
    h.accumulator.cancelAll(aborted);
    expect([h.accumulator.inFlight, alive.size]).toEqual([1, 0]);
  });
});

test('regression: an onSettled that threw kept every later batch from leaving, and its neighbours unsettled', async () => {
  const uncaught: (() => void)[] = [];
  vi.stubGlobal('queueMicrotask', (callback: () => void) => uncaught.push(callback));
  const told: string[] = [];
  const h = harness({
    onSettled({ name }) {
      told.push(name);
      if (name !== 'b') {
        throw new Error(`no ${name}`);
      }
    },
  });
  addAll(h, ['a', 'b']);
  await pass(1);
  callAt(h, 0).succeed();
  await pass(0);
  h.accumulator.add(thing('c')).cancel(aborted());
  h.accumulator.add(thing('d'));
  await pass(1);
  vi.unstubAllGlobals();
  expect(told).toEqual(['a', 'b', 'c']);
  expect(batches(h)).toEqual([['a', 'b'], ['d']]);
  expect(uncaught.length).toBe(2);
  expect(uncaught[0]).toThrow('no a');
});

test('regression: a sweep of all entries for each of many deadlines took n² steps', async () => {
  let readings = 0;
  const h = harness({ maxInFlight: 1 });
  const count = 1_000;
  for (let index = 0; index < count; index++) {
    const entry = thing(`${index}`, { deadlineMs: 10_000 + index });
    h.accumulator.add(
      Object.defineProperty({ ...entry }, 'deadlineAt', {
        get: () => {
          readings++;
          return entry.deadlineAt;
        },
      }),
    );
  }
  await pass(10_000 + count + 50);
  expect(h.settlements.length).toBe(count);
  expect(readings).toBeLessThan(30 * count);
});

describe('the signal of the accumulator', () => {
  test('ends the calls under way, and no other is made', async () => {
    const closing = new AbortController();
    const h = harness({ signal: closing.signal, maxEntries: 1, maxInFlight: 1 });
    addAll(h, ['a', 'b']);
    closing.abort('enough');
    await pass(0);
    const error = { code: 'aborted', cause: 'enough' };
    expect(h.settlements).toMatchObject([
      { name: 'a', outcome: { ok: false, error: { ...error, outcome: 'unknown' } } },
      { name: 'b', outcome: { ok: false, error: { ...error, outcome: 'rejected' } } },
    ]);
    expect(h.calls.map(({ signal }) => signal.aborted)).toEqual([true]);
    expect([h.accumulator.inFlight, vi.getTimerCount()]).toEqual([0, 0]);
  });
});

describe('timers', () => {
  test('none is left when the last entry is settled', async () => {
    const h = harness();
    addAll(h, ['a', 'b']);
    await pass(1);
    h.accumulator.add(thing('c'));
    callAt(h, 0).resolve([done, retryableFailure]);
    await pass(100);
    for (const call of h.calls.slice(1)) {
      call.succeed();
    }
    await pass(0);
    expect(h.settlements.length).toBe(3);
    expect(vi.getTimerCount()).toBe(0);
  });

  test('a back-off whose entries were all cancelled leaves none, while others are in flight', async () => {
    const h = harness({ maxEntries: 1, backoff: () => 20_000 });
    const ticket = h.accumulator.add(thing('a'));
    h.accumulator.add(thing('b'));
    callAt(h, 0).resolve([retryableFailure]);
    await pass(0);
    const withBackoff = vi.getTimerCount();
    ticket.cancel(aborted());
    expect(vi.getTimerCount()).toBe(withBackoff - 1);
  });

  test('a thousand entries set three: for the deadline, for what lingers and for calls that do not answer', () => {
    const h = harness({ maxInFlight: 3 });
    addAll(h, names('a', 1_000));
    expect(h.calls.length).toBe(3);
    expect(vi.getTimerCount()).toBe(3);
  });
});

test('entries of one failed batch wait together, and each back-off is drawn once', async () => {
  const draws: number[] = [];
  const random = (): number => {
    draws.push(0.5);
    return 0.5;
  };
  const h = harness({ backoff: exponentialBackoff({ random }) });
  addAll(h, names('a', 10));
  callAt(h, 0).resolve(names('a', 10).map(() => retryableFailure));
  await pass(50);
  expect(draws.length).toBe(1);
  expect(batches(h)).toEqual([names('a', 10), names('a', 10)]);
});
