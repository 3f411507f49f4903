import { ack, deadLetter, type OpenedItem, release, retry } from '@sqskit/core';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Done } from '../src/completed.ts';
import { Pack, type Unfinished, waysToSettle } from '../src/pack.ts';

const context = { signal: new AbortController().signal };

function packOf(size: number, earlier?: Done): Pack {
  const items = Array.from({ length: size }, (_, index): OpenedItem => {
    return { content: String(index), attributes: {}, attempt: 0 };
  });
  return new Pack({ items, context, earlier });
}

const steps = [
  'start',
  'start',
  'end done',
  'end unfinished',
  'drop',
  'carry out',
  'refuse what waits',
  'refuse all',
  'drop what waits',
] as const;
const walks = fc.array(fc.tuple(fc.constantFrom(...steps), fc.nat({ max: 30 })), { maxLength: 60 });

/** A pack beside a plain account of where each message of it is. */
class Walk {
  readonly pack: Pack;
  readonly waiting: Set<number>;
  readonly running = new Set<number>();
  readonly unfinished = new Map<number, Unfinished>();
  readonly settled: Set<number>;
  readonly surprises: string[] = [];

  constructor(pack: Pack, settled: ReadonlySet<number>) {
    this.pack = pack;
    this.settled = new Set(settled);
    this.waiting = new Set(Array.from({ length: pack.size }, (_, at) => at).filter((at) => !settled.has(at)));
  }

  take(step: (typeof steps)[number], which: number): void {
    const running = [...this.running][which % (this.running.size || 1)];
    const unfinished = [...this.unfinished.values()][which % (this.unfinished.size || 1)];
    if (step === 'start' && this.waiting.size > 0) {
      const position = this.pack.startNext();
      this.note('started the next', position === Math.min(...this.waiting));
      this.waiting.delete(position);
      this.running.add(position);
    } else if (step === 'end done' && running !== undefined) {
      this.running.delete(running);
      this.note('nothing is left to do', this.pack.end(running, ack()) === undefined);
      this.settled.add(running);
    } else if (step === 'end unfinished' && running !== undefined) {
      this.running.delete(running);
      this.pack.end(running, which % 2 === 0 ? retry() : deadLetter('no'));
    } else if (step === 'drop' && running !== undefined) {
      this.running.delete(running);
      const isDone = which % 2 === 0;
      this.pack.drop(running, isDone ? ack() : retry());
      if (isDone) {
        this.settled.add(running);
      }
    } else if (step === 'carry out' && unfinished !== undefined) {
      this.pack.carriedOut(unfinished, 'retried');
      this.settled.add(unfinished.position);
    } else if (step === 'refuse what waits' || step === 'refuse all') {
      const isAll = step === 'refuse all';
      const refused = this.pack.refuse(release(), { running: isAll });
      this.note('refused what waits', refused === this.waiting.size);
      this.waiting.clear();
      if (isAll) {
        this.running.clear();
      }
    } else if (step === 'drop what waits') {
      this.note('dropped what waits', this.pack.dropWaiting() === this.waiting.size);
      this.waiting.clear();
    }
    this.unfinished.clear();
    for (const one of this.pack.unfinished) {
      this.unfinished.set(one.position, one);
    }
  }

  note(what: string, isTrue: boolean): void {
    if (!isTrue) {
      this.surprises.push(what);
    }
  }

  /** What the pack says of itself, and what the account has. */
  compare(): readonly [actual: unknown, expected: unknown] {
    const { pack, waiting, running, unfinished, settled, surprises } = this;
    const elsewhere = [...waiting, ...running, ...settled];
    return [
      {
        waiting: pack.waiting,
        left: pack.left,
        undone: pack.undone,
        isDone: pack.isDone,
        isBegun: pack.isBegun,
        counted: waysToSettle.reduce((sum, as) => sum + pack.count(as), 0),
        inTwoPlaces: elsewhere.filter((position) => unfinished.has(position)),
        surprises,
      },
      {
        waiting: waiting.size,
        left: waiting.size + running.size,
        undone: pack.size - settled.size,
        isDone: settled.size === pack.size,
        isBegun: settled.size > 0,
        counted: settled.size,
        inTwoPlaces: [],
        surprises: [],
      },
    ];
  }
}

test('a message of a pack is in one place at a time, whatever happens to the pack', () => {
  fc.assert(
    fc.property(fc.nat({ max: 12 }), walks, (size, walk) => {
      const account = new Walk(packOf(size), new Set());
      for (const [step, which] of walk) {
        account.take(step, which);
        const [actual, expected] = account.compare();
        expect(actual).toEqual(expected);
      }
    }),
  );
});

test('what is done of a pack is done when it comes again, and nothing else is', () => {
  fc.assert(
    fc.property(fc.nat({ max: 12 }), walks, walks, (size, first, second) => {
      const before = new Walk(packOf(size), new Set());
      for (const [step, which] of first) {
        before.take(step, which);
      }
      const after = new Walk(packOf(size, before.pack.progress()), before.settled);
      expect(after.compare()[0]).toEqual(after.compare()[1]);
      for (const [step, which] of second) {
        after.take(step, which);
        const [actual, expected] = after.compare();
        expect(actual).toEqual(expected);
      }
    }),
  );
});

test('a verdict that was carried out twice, as at the end of a stop, counts once', () => {
  const pack = packOf(2);
  const unfinished = pack.end(pack.startNext(), deadLetter('no'));
  for (const _ of ['by the lane', 'by the stop']) {
    if (unfinished !== undefined) {
      pack.carriedOut(unfinished, 'deadLettered');
    }
  }
  expect([pack.isDone, pack.undone, pack.count('deadLettered')]).toEqual([false, 1, 1]);
});

test('a pack that was deleted is done; what is known of one of another size is of no use', () => {
  expect(packOf(3, 'deleted').isDone).toBe(true);
  expect(packOf(3, packOf(2, 'deleted').progress()).waiting).toBe(3);
});

test('the clean-up of a message is not called for each delivery of it, nor where an earlier one moved it', () => {
  const items = [{ content: '0', attributes: {}, attempt: 0 }];
  const deleted = (): Promise<void> => Promise.resolve();
  expect(new Pack({ items, context, deleted, earlier: 'deleted' }).deleted).toBeUndefined();
  const moved = new Pack({ items, context, deleted });
  const unfinished = moved.end(moved.startNext(), deadLetter('no'));
  if (unfinished !== undefined) {
    moved.carriedOut(unfinished, 'deadLettered');
  }
  expect(moved.isMoved).toBe(true);
  expect(new Pack({ items, context, deleted, earlier: moved.progress() }).isMoved).toBe(true);
});
