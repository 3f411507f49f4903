import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { BatchQueue, type Queued } from '../src/batch-queue.ts';
import { billedUnits } from '../src/billed-units.ts';
import type { Linked } from '../src/linked-list.ts';
import { seeded } from './simulated-service.ts';

class Entry implements Queued, Linked<Entry> {
  previous: Entry | undefined;
  next: Entry | undefined;
  attempts = 0;
  readonly sequence: number;
  readonly lane: string | undefined;
  readonly bytes: number;
  readonly maxCompany: number;
  readonly flow: string | undefined;

  constructor(sequence: number, lane?: string, bytes = 1, maxCompany = 10, flow?: string) {
    this.sequence = sequence;
    this.lane = lane;
    this.bytes = bytes;
    this.maxCompany = maxCompany;
    this.flow = flow;
  }
}

function filled(...entries: readonly Entry[]): BatchQueue<Entry> {
  return fill(new BatchQueue<Entry>('strict'), entries);
}

function fill(queue: BatchQueue<Entry>, entries: readonly Entry[]): BatchQueue<Entry> {
  for (const entry of entries) {
    queue.push(entry);
  }
  return queue;
}

const isUrgent = ({ tally }: BatchQueue<Entry>): boolean => tally.retried + tally.hurried > 0;
const sequences = (batch: readonly Entry[]): readonly number[] => batch.map(({ sequence }) => sequence);

describe('what a batch takes', () => {
  test('loose entries leave in order of arrival, as many as fit', () => {
    const queue = filled(...[0, 1, 2, 3, 4].map((sequence) => new Entry(sequence)));
    expect(sequences(queue.cut(3, 100))).toEqual([0, 1, 2]);
    expect(sequences(queue.cut(3, 100))).toEqual([3, 4]);
    expect(queue.cut(3, 100)).toEqual([]);
  });

  test('an entry that does not fit waits, and no smaller one overtakes it', () => {
    const queue = filled(new Entry(0, undefined, 6), new Entry(1, undefined, 5), new Entry(2, undefined, 1));
    expect(sequences(queue.cut(10, 10))).toEqual([0]);
    expect(sequences(queue.cut(10, 10))).toEqual([1, 2]);
  });

  test('a batch may be exactly full', () => {
    const queue = filled(new Entry(0, undefined, 6), new Entry(1, undefined, 4), new Entry(2, undefined, 1));
    expect(sequences(queue.cut(10, 10))).toEqual([0, 1]);
  });

  test('an entry that is larger than a batch leaves in one of its own', () => {
    const queue = filled(new Entry(0), new Entry(1, undefined, 50), new Entry(2));
    expect(sequences(queue.cut(10, 10))).toEqual([0]);
    expect(sequences(queue.cut(10, 10))).toEqual([1]);
    expect(sequences(queue.cut(10, 10))).toEqual([2]);
  });

  test('an entry that is to go alone goes alone', () => {
    const queue = filled(new Entry(0), new Entry(1, undefined, 1, 1), new Entry(2));
    expect(sequences(queue.cut(10, 10))).toEqual([0]);
    expect(sequences(queue.cut(10, 10))).toEqual([1]);
    expect(sequences(queue.cut(10, 10))).toEqual([2]);
  });

  test('of a lane only the head leaves, and the next when it is settled', () => {
    const [a0, a1, b0] = [new Entry(0, 'a'), new Entry(1, 'a'), new Entry(2, 'b')];
    const queue = filled(a0, a1, b0);
    expect(queue.tally.entries).toBe(2);
    expect(queue.cut(10, 100)).toEqual([a0, b0]);
    expect(queue.cut(10, 100)).toEqual([]);
    queue.release(a0);
    expect(queue.cut(10, 100)).toEqual([a1]);
  });

  test('lanes take turns', () => {
    const entries = ['a', 'a', 'a', 'b', 'c'].map((lane, sequence) => new Entry(sequence, lane));
    const queue = filled(...entries);
    const order: number[] = [];
    for (let batch = queue.cut(1, 100); batch.length > 0; batch = queue.cut(1, 100)) {
      for (const entry of batch) {
        order.push(entry.sequence);
        queue.release(entry);
      }
    }
    expect(order).toEqual([0, 3, 4, 1, 2]);
  });

  test('a lane begins anew after it was empty', () => {
    const [first, second] = [new Entry(0, 'a'), new Entry(1, 'a')];
    const queue = filled(first);
    queue.cut(10, 100);
    queue.release(first);
    queue.push(second);
    expect(queue.cut(10, 100)).toEqual([second]);
  });

  test('of loose and laned entries the older leaves first', () => {
    const queue = filled(new Entry(0, 'a'), new Entry(1), new Entry(2, 'b'), new Entry(3));
    expect(sequences(queue.cut(10, 100))).toEqual([0, 1, 2, 3]);
  });
});

describe('what comes back', () => {
  test('an entry that comes back leaves before all that wait', () => {
    const entries = [0, 1, 2].map((sequence) => new Entry(sequence));
    const queue = filled(...entries);
    const [first, second] = queue.cut(2, 100);
    for (const entry of [second, first]) {
      if (entry !== undefined) {
        entry.attempts = 1;
        queue.putBack(entry);
      }
    }
    expect(isUrgent(queue)).toBe(true);
    expect(sequences(queue.cut(10, 100))).toEqual([0, 1, 2]);
    expect(isUrgent(queue)).toBe(false);
  });

  test('a lane whose head comes back leaves before the lanes that waited meanwhile', () => {
    const [a, b, c] = [new Entry(0, 'a'), new Entry(1, 'b'), new Entry(2, 'c')];
    const queue = filled(a, b, c);
    queue.cut(1, 100);
    a.attempts = 1;
    queue.putBack(a);
    expect(queue.cut(1, 100)).toEqual([a]);
  });
});

describe('urgency', () => {
  test('what is here when it is hurried is urgent until it has left; what comes later is not', () => {
    const queue = filled(new Entry(0), new Entry(1, 'a'));
    expect(isUrgent(queue)).toBe(false);
    queue.tally.hurry(1);
    expect(isUrgent(queue)).toBe(true);
    queue.push(new Entry(2));
    queue.cut(2, 100);
    expect(isUrgent(queue)).toBe(false);
  });

  test('a hurried entry of a lane is urgent when its turn comes, although a newer lane is before it', () => {
    const [a0, a1] = [new Entry(0, 'a'), new Entry(1, 'a')];
    const queue = filled(a0, a1);
    queue.tally.hurry(1);
    queue.cut(10, 100);
    queue.push(new Entry(2, 'b'));
    expect(isUrgent(queue)).toBe(false);
    queue.release(a0);
    expect(isUrgent(queue)).toBe(true);
    expect(sequences(queue.cut(10, 100))).toEqual([2, 1]);
  });

  test('a hurried entry that is withdrawn is urgent no more', () => {
    const entry = new Entry(0);
    const queue = filled(entry);
    queue.tally.hurry(0);
    queue.withdraw(entry);
    expect(isUrgent(queue)).toBe(false);
  });
});

describe('withdrawal', () => {
  test('an entry that was withdrawn counts no more, loose or laned', () => {
    const entries = [new Entry(0), new Entry(1, 'a', 5), new Entry(2, 'a', 7), new Entry(3, 'b', 9)];
    const queue = filled(...entries);
    expect([queue.tally.entries, queue.tally.bytes]).toEqual([3, 15]);
    for (const [entry, count, bytes] of [
      [entries[1], 3, 17],
      [entries[3], 2, 8],
      [entries[0], 1, 7],
      [entries[2], 0, 0],
    ] as const) {
      if (entry !== undefined) {
        queue.withdraw(entry);
      }
      expect([queue.tally.entries, queue.tally.bytes]).toEqual([count, bytes]);
    }
    expect(queue.peek()).toBeUndefined();
  });

  test('a lane that is out stays out while those behind are withdrawn', () => {
    const [a0, a1] = [new Entry(0, 'a'), new Entry(1, 'a')];
    const queue = filled(a0, a1);
    queue.cut(10, 100);
    queue.withdraw(a1);
    const a2 = new Entry(2, 'a');
    queue.push(a2);
    expect(queue.tally.entries).toBe(0);
    queue.release(a0);
    expect(queue.cut(10, 100)).toEqual([a2]);
  });
});

describe('an entry that may only be in small batches', () => {
  test('has as much company as it may, before and behind it', () => {
    const queue = filled(
      new Entry(0),
      new Entry(1, undefined, 1, 3),
      new Entry(2),
      new Entry(3),
      new Entry(4),
    );
    expect(sequences(queue.cut(10, 100))).toEqual([0, 1, 2]);
    expect(sequences(queue.cut(10, 100))).toEqual([3, 4]);
  });
});

describe('flows', () => {
  const flowing = (flows: readonly (string | undefined)[]): readonly Entry[] =>
    flows.map((flow, sequence) => new Entry(sequence, undefined, 1, 10, flow));

  test('take turns, an entry at a time; entries without one share one', () => {
    const queue = filled(
      ...flowing(['noisy', 'noisy', 'noisy', 'noisy', 'b', undefined, undefined, 'c', 'b']),
    );
    expect(sequences(queue.cut(5, 100))).toEqual([0, 4, 5, 7, 1]);
    expect(sequences(queue.cut(5, 100))).toEqual([8, 6, 2, 3]);
  });

  test('one that was empty begins anew', () => {
    const entries = flowing(['a', 'a']);
    const queue = new BatchQueue<Entry>('strict');
    const batches = entries.map((entry) => fill(queue, [entry]).cut(10, 100));
    expect(batches).toEqual(entries.map((entry) => [entry]));
  });

  test('the oldest is found, whose turn it is not', () => {
    const entries = flowing(['a', 'a', 'a', 'b']);
    const queue = filled(...entries);
    queue.cut(1, 100);
    expect([queue.peek(), queue.oldest()]).toEqual([entries[3], entries[1]]);
  });

  test('a noisy one of 10,000 entries delays another by one entry', () => {
    const queue = new BatchQueue<Entry>('strict');
    for (let sequence = 0; sequence < 10_000; sequence++) {
      queue.push(new Entry(sequence, undefined, 1, 10, 'noisy'));
    }
    queue.push(new Entry(10_000, undefined, 1, 10, 'quiet'));
    expect(sequences(queue.cut(2, 100))).toEqual([0, 10_000]);
  });
});

describe('lanes for throughput', () => {
  const laned = (lanes: readonly string[]): readonly Entry[] =>
    lanes.map((lane, sequence) => new Entry(sequence, lane));
  const queueOf = (entries: readonly Entry[]): BatchQueue<Entry> =>
    fill(new BatchQueue<Entry>('throughput'), entries);

  test('as many consecutive entries of a lane as fit leave together, and the rest when all of them are settled', () => {
    const queue = queueOf(laned(['a', 'b', 'a', 'a', 'a', 'b']));
    expect(queue.tally.entries).toBe(6);
    const first = queue.cut(3, 100);
    expect(sequences(first)).toEqual([0, 2, 3]);
    expect(sequences(queue.cut(3, 100))).toEqual([1, 5]);
    for (const entry of first) {
      expect(queue.tally.entries).toBe(0);
      queue.release(entry);
    }
    expect(sequences(queue.cut(3, 100))).toEqual([4]);
  });

  test('entries that come back are first again, when no other of the lane is out', () => {
    const entries = laned(['a', 'a', 'a', 'a']);
    const queue = queueOf(entries);
    const [settled, ...back] = queue.cut(3, 100);
    for (const entry of back.reverse()) {
      queue.putBack(entry);
      expect(queue.peek()).toBeUndefined();
    }
    queue.release(settled ?? new Entry(-1, 'a'));
    expect(sequences(queue.cut(10, 100))).toEqual([1, 2, 3]);
  });
});

describe('a paused lane', () => {
  test('waits until it is resumed, is listed meanwhile, and is remembered while it is empty', () => {
    const [a0, a1, b0] = [new Entry(0, 'a'), new Entry(1, 'a'), new Entry(2, 'b')];
    const queue = filled(a0, b0);
    queue.lanes.pause('a');
    expect([queue.tally.entries, queue.lanes.paused()]).toEqual([1, ['a']]);
    expect(queue.cut(10, 100)).toEqual([b0]);
    queue.withdraw(a0);
    queue.push(a1);
    expect(queue.peek()).toBeUndefined();
    queue.lanes.resume('a');
    expect(queue.lanes.paused()).toEqual([]);
    expect(queue.cut(10, 100)).toEqual([a1]);
  });

  test('that is resumed while its head is out waits for that', () => {
    const [a0, a1] = [new Entry(0, 'a'), new Entry(1, 'a')];
    const queue = filled(a0, a1);
    queue.cut(1, 100);
    queue.lanes.pause('a');
    queue.lanes.resume('a');
    queue.lanes.resume('unknown');
    expect(queue.peek()).toBeUndefined();
    queue.release(a0);
    expect(queue.cut(1, 100)).toEqual([a1]);
  });
});

describe('a batch that would be billed as several requests', () => {
  const kib = 1_024;
  const sized = (sizes: readonly number[]): readonly Entry[] =>
    sizes.map((size, sequence) => new Entry(sequence, undefined, size * kib));
  const firstCut = (sizes: readonly number[]): number => filled(...sized(sizes)).cut(10, 1_024 * kib).length;

  test.each([
    ['ten of 7 KiB leave as nine, one request', [7, 7, 7, 7, 7, 7, 7, 7, 7, 7], 9],
    ['ten of 6 KiB are one request', [6, 6, 6, 6, 6, 6, 6, 6, 6, 6], 10],
    ['what fills a request up stays together', [60, 1, 1, 1, 1, 9, 9, 9, 9, 9], 5],
    ['nothing is left behind for a percent', [63, 63, 63, 62, 63, 63, 63, 63, 63, 63], 10],
    ['one that is larger than a request goes with what fills its last', [100, 20, 8, 30], 3],
  ])('%s', (_, sizes, count) => {
    expect(firstCut(sizes)).toBe(count);
  });

  test('what is left behind is as it was: order, turns of flows, lanes, counts', () => {
    for (const order of ['strict', 'throughput'] as const) {
      const queue = new BatchQueue<Entry>(order);
      const add = (sequence: number, lane: string | undefined, flow?: string): void =>
        queue.push(new Entry(sequence, lane, 30 * kib, 10, flow));
      add(0, undefined, 'a');
      add(1, undefined, 'a');
      add(2, undefined, 'b');
      add(3, 'lane');
      add(4, 'lane');
      expect(sequences(queue.cut(2, 1_024 * kib))).toEqual([0, 2]);
      const { entries } = queue.tally;
      expect(sequences(queue.cut(1, 1_024 * kib))).toEqual([1]);
      expect(queue.tally.entries).toBe(entries - 1);
      expect(sequences(queue.cut(10, 1_024 * kib))).toEqual(order === 'strict' ? [3] : [3, 4]);
    }
  });

  test('entries without bytes are not divided', () => {
    const queue = filled(...Array.from({ length: 10 }, (_, sequence) => new Entry(sequence, undefined, 0)));
    expect(queue.cut(10, Number.POSITIVE_INFINITY).length).toBe(10);
  });

  /** Billed requests of a long queue, over the least that there could be. */
  function excess(seed: number, fromKib: number, toKib: number): number {
    const random = seeded(seed);
    const queue = new BatchQueue<Entry>('strict');
    let total = 0;
    const count = 5_000;
    for (let sequence = 0; sequence < count; sequence++) {
      const bytes = Math.round((fromKib + (toKib - fromKib) * random()) * kib);
      total += bytes;
      queue.push(new Entry(sequence, undefined, bytes));
    }
    let billed = 0;
    for (let batch = queue.cut(10, 1_024 * kib); batch.length > 0; batch = queue.cut(10, 1_024 * kib)) {
      billed += billedUnits(batch.reduce((sum, { bytes }) => sum + bytes, 0));
    }
    return billed / Math.max(Math.ceil(count / 10), Math.ceil(total / (64 * kib)));
  }

  // By count alone: 1.10, 1.09, 1.06 and 1.63 times the least.
  test.each([
    [1, 60, 1.05],
    [20, 30, 1.05],
    [1, 100, 1.05],
    [5, 8, 1.07],
  ])('sizes from %i to %i KiB under load: billed at most %f times the least', (fromKib, toKib, bound) => {
    for (let seed = 1; seed <= 5; seed++) {
      expect(excess(seed, fromKib, toKib)).toBeLessThanOrEqual(bound);
    }
  });
});

describe('any order of operations', () => {
  const step = fc.oneof(
    {
      weight: 6,
      arbitrary: fc.record({
        kind: fc.constant('push' as const),
        lane: fc.constantFrom(undefined, 'a', 'b', 'c'),
        flow: fc.constantFrom(undefined, 'f', 'g'),
        bytes: fc.integer({ min: 1, max: 12 }),
        maxCompany: fc.constantFrom(1, 2, 10, 10),
      }),
    },
    {
      weight: 3,
      arbitrary: fc.record({ kind: fc.constant('cut' as const), maxEntries: fc.integer({ min: 1, max: 4 }) }),
    },
    {
      weight: 3,
      arbitrary: fc.record({
        kind: fc.constantFrom('release' as const, 'putBack' as const, 'withdraw' as const),
        at: fc.nat(),
      }),
    },
    {
      weight: 1,
      arbitrary: fc.record({
        kind: fc.constantFrom('pause' as const, 'resume' as const),
        lane: fc.constantFrom('a', 'b', 'c'),
      }),
    },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('hurry' as const) }) },
  );

  test.each(['strict', 'throughput'] as const)(
    '%s: counts are those of a plain model; batches keep bounds, order, turns and pauses',
    (order) => {
      fc.assert(
        // So large that batches are divided by what they are billed, or not at all.
        fc.property(fc.array(step, { maxLength: 120 }), fc.constantFrom(1, 8 * 1_024), (steps, scale) => {
          const maxBytes = 20 * scale;
          const queue = new BatchQueue<Entry>(order);
          const waiting: Entry[] = []; // in the order in which the entries of a lane or a flow may leave
          const out: Entry[] = [];
          const paused = new Set<string>();
          let sequence = 0;
          let hurriedThrough = -1;
          const isHead = (entry: Entry): boolean =>
            entry.lane === undefined || waiting.find(({ lane }) => lane === entry.lane) === entry;
          const eligible = (): readonly Entry[] =>
            waiting.filter(
              (entry) =>
                entry.lane === undefined ||
                (!paused.has(entry.lane) &&
                  !out.some(({ lane }) => lane === entry.lane) &&
                  (order === 'throughput' || isHead(entry))),
            );
          const takeBatch = (maxEntries: number): void => {
            const could = eligible();
            const batch = queue.cut(maxEntries, maxBytes);
            expect(batch.length > 0).toBe(could.length > 0);
            expect(batch.every((entry) => could.includes(entry))).toBe(true);
            expect(batch.length).toBeLessThanOrEqual(
              Math.min(maxEntries, ...batch.map((each) => each.maxCompany)),
            );
            const bytes = batch.reduce((sum, entry) => sum + entry.bytes, 0);
            expect(batch.length === 1 || bytes <= maxBytes).toBe(true);
            for (const { lane, flow } of batch) {
              const same = (other: Entry): boolean =>
                other.lane === lane && (lane !== undefined || other.flow === flow);
              const own = batch.filter(same);
              expect(own).toEqual(could.filter(same).slice(0, own.length));
            }
            for (const entry of batch) {
              waiting.splice(waiting.indexOf(entry), 1);
              out.push(entry);
              entry.attempts++;
            }
          };
          for (const each of steps) {
            if (each.kind === 'push') {
              const entry = new Entry(sequence++, each.lane, each.bytes * scale, each.maxCompany, each.flow);
              waiting.push(entry);
              queue.push(entry);
            } else if (each.kind === 'cut') {
              takeBatch(each.maxEntries);
            } else if (each.kind === 'hurry') {
              hurriedThrough = sequence - 1;
              queue.tally.hurry(hurriedThrough);
            } else if (each.kind === 'pause') {
              paused.add(each.lane);
              queue.lanes.pause(each.lane);
            } else if (each.kind === 'resume') {
              paused.delete(each.lane);
              queue.lanes.resume(each.lane);
            } else if (each.kind === 'withdraw' && waiting.length > 0) {
              const [entry] = waiting.splice(each.at % waiting.length, 1);
              if (entry !== undefined) {
                queue.withdraw(entry);
              }
            } else if ((each.kind === 'release' || each.kind === 'putBack') && out.length > 0) {
              const [entry] = out.splice(each.at % out.length, 1);
              if (entry !== undefined && each.kind === 'putBack') {
                waiting.unshift(entry);
                queue.putBack(entry);
              } else if (entry !== undefined) {
                queue.release(entry);
              }
            }
            const could = eligible();
            const heads = could.filter(isHead);
            expect(queue.tally.entries).toBe(could.length);
            expect(queue.tally.bytes).toBe(could.reduce((sum, entry) => sum + entry.bytes, 0));
            expect(queue.tally.retried).toBe(heads.filter(({ attempts }) => attempts > 0).length);
            expect(isUrgent(queue)).toBe(
              heads.some((entry) => entry.attempts > 0 || entry.sequence <= hurriedThrough),
            );
            expect(queue.lanes.paused().toSorted()).toEqual([...paused].toSorted());
          }
        }),
        { numRuns: 300 },
      );
    },
  );
});
