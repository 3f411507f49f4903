import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { BatchQueue, type Queued } from '../src/batch-queue.ts';
import type { Linked } from '../src/linked-list.ts';

class Entry implements Queued, Linked<Entry> {
  previous: Entry | undefined;
  next: Entry | undefined;
  attempts = 0;
  readonly sequence: number;
  readonly lane: string | undefined;
  readonly bytes: number;
  readonly alone: boolean;

  constructor(sequence: number, lane?: string, bytes = 1, alone = false) {
    this.sequence = sequence;
    this.lane = lane;
    this.bytes = bytes;
    this.alone = alone;
  }
}

function filled(...entries: readonly Entry[]): BatchQueue<Entry> {
  const queue = new BatchQueue<Entry>();
  for (const entry of entries) {
    queue.push(entry);
  }
  return queue;
}

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
    const queue = filled(new Entry(0), new Entry(1, undefined, 1, true), new Entry(2));
    expect(sequences(queue.cut(10, 10))).toEqual([0]);
    expect(sequences(queue.cut(10, 10))).toEqual([1]);
    expect(sequences(queue.cut(10, 10))).toEqual([2]);
  });

  test('of a lane only the head leaves, and the next when it is settled', () => {
    const [a0, a1, b0] = [new Entry(0, 'a'), new Entry(1, 'a'), new Entry(2, 'b')];
    const queue = filled(a0, a1, b0);
    expect(queue.count).toBe(2);
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
    expect(queue.isUrgent).toBe(true);
    expect(sequences(queue.cut(10, 100))).toEqual([0, 1, 2]);
    expect(queue.isUrgent).toBe(false);
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
    expect(queue.isUrgent).toBe(false);
    queue.hurry(1);
    expect(queue.isUrgent).toBe(true);
    queue.push(new Entry(2));
    queue.cut(2, 100);
    expect(queue.isUrgent).toBe(false);
  });

  test('a hurried entry of a lane is urgent when its turn comes, although a newer lane is before it', () => {
    const [a0, a1] = [new Entry(0, 'a'), new Entry(1, 'a')];
    const queue = filled(a0, a1);
    queue.hurry(1);
    queue.cut(10, 100);
    queue.push(new Entry(2, 'b'));
    expect(queue.isUrgent).toBe(false);
    queue.release(a0);
    expect(queue.isUrgent).toBe(true);
    expect(sequences(queue.cut(10, 100))).toEqual([2, 1]);
  });

  test('a hurried entry that is withdrawn is urgent no more', () => {
    const entry = new Entry(0);
    const queue = filled(entry);
    queue.hurry(0);
    queue.withdraw(entry);
    expect(queue.isUrgent).toBe(false);
  });
});

describe('withdrawal', () => {
  test('an entry that was withdrawn counts no more, loose or laned', () => {
    const entries = [new Entry(0), new Entry(1, 'a', 5), new Entry(2, 'a', 7), new Entry(3, 'b', 9)];
    const queue = filled(...entries);
    expect([queue.count, queue.bytes]).toEqual([3, 15]);
    for (const [entry, count, bytes] of [
      [entries[1], 3, 17],
      [entries[3], 2, 8],
      [entries[0], 1, 7],
      [entries[2], 0, 0],
    ] as const) {
      if (entry !== undefined) {
        queue.withdraw(entry);
      }
      expect([queue.count, queue.bytes]).toEqual([count, bytes]);
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
    expect(queue.count).toBe(0);
    queue.release(a0);
    expect(queue.cut(10, 100)).toEqual([a2]);
  });
});

describe('any order of operations', () => {
  const step = fc.oneof(
    {
      weight: 4,
      arbitrary: fc.record({
        kind: fc.constant('push' as const),
        lane: fc.constantFrom(undefined, 'a', 'b', 'c'),
        bytes: fc.integer({ min: 1, max: 12 }),
        alone: fc.boolean(),
      }),
    },
    {
      weight: 2,
      arbitrary: fc.record({ kind: fc.constant('cut' as const), maxEntries: fc.integer({ min: 1, max: 4 }) }),
    },
    {
      weight: 2,
      arbitrary: fc.record({
        kind: fc.constantFrom('release' as const, 'putBack' as const, 'withdraw' as const),
        at: fc.nat(),
      }),
    },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('hurry' as const) }) },
  );

  test('counts are those of a plain model, batches keep their bounds, lanes their order and one entry out', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 120 }), (steps) => {
        const maxBytes = 20;
        const queue = new BatchQueue<Entry>();
        const waiting: Entry[] = []; // in the order in which the entries of a lane may leave
        const out: Entry[] = [];
        let sequence = 0;
        let hurriedThrough = -1;
        const eligible = (): readonly Entry[] =>
          waiting.filter(
            ({ lane }, index) =>
              lane === undefined ||
              (!out.some((other) => other.lane === lane) &&
                waiting.findIndex((other) => other.lane === lane) === index),
          );
        const takeBatch = (maxEntries: number): void => {
          const could = eligible();
          const batch = queue.cut(maxEntries, maxBytes);
          expect(batch.length > 0).toBe(could.length > 0);
          expect(batch.every((entry) => could.includes(entry))).toBe(true);
          expect(batch.length).toBeLessThanOrEqual(maxEntries);
          const bytes = batch.reduce((sum, entry) => sum + entry.bytes, 0);
          expect(batch.length === 1 || (bytes <= maxBytes && !batch.some(({ alone }) => alone))).toBe(true);
          const loose = batch.filter(({ lane }) => lane === undefined);
          expect(loose).toEqual(could.filter(({ lane }) => lane === undefined).slice(0, loose.length));
          for (const entry of batch) {
            waiting.splice(waiting.indexOf(entry), 1);
            out.push(entry);
            entry.attempts++;
          }
        };
        for (const each of steps) {
          if (each.kind === 'push') {
            const entry = new Entry(sequence++, each.lane, each.bytes, each.alone);
            waiting.push(entry);
            queue.push(entry);
          } else if (each.kind === 'cut') {
            takeBatch(each.maxEntries);
          } else if (each.kind === 'hurry') {
            hurriedThrough = sequence - 1;
            queue.hurry(hurriedThrough);
          } else if (each.kind === 'withdraw' && waiting.length > 0) {
            const [entry] = waiting.splice(each.at % waiting.length, 1);
            if (entry !== undefined) {
              queue.withdraw(entry);
            }
          } else if (each.kind !== 'withdraw' && out.length > 0) {
            const [entry] = out.splice(each.at % out.length, 1);
            if (entry !== undefined && each.kind === 'putBack') {
              waiting.unshift(entry);
              queue.putBack(entry);
            } else if (entry !== undefined) {
              queue.release(entry);
            }
          }
          const could = eligible();
          expect(queue.count).toBe(could.length);
          expect(queue.bytes).toBe(could.reduce((sum, entry) => sum + entry.bytes, 0));
          expect(queue.isUrgent).toBe(
            could.some((entry) => entry.attempts > 0 || entry.sequence <= hurriedThrough),
          );
        }
      }),
      { numRuns: 300 },
    );
  });
});
