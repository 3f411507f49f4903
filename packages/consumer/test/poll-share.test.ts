import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { nextAppetite } from '../src/poll-plan.ts';
import { type Claim, nextPoll, type Room, shareOut } from '../src/poll-share.ts';

const sum = (numbers: readonly number[]): number => numbers.reduce((total, number) => total + number, 0);

describe('sharing', () => {
  const wants = fc.array(
    fc.record({ weight: fc.double({ min: 0.01, max: 100, noNaN: true }), wanted: fc.nat({ max: 1_000 }) }),
    { minLength: 1, maxLength: 20 },
  );

  const shared = (capacity: number, all: readonly { weight: number; wanted: number }[]): readonly number[] =>
    shareOut(
      capacity,
      all.map(({ weight }) => weight),
      all.map(({ wanted }) => wanted),
    );

  test('nobody is given more than they want, and all of it is given as long as somebody wants more', () => {
    fc.assert(
      fc.property(fc.nat({ max: 1_000 }), wants, (capacity, all) => {
        const shares = shared(capacity, all);
        for (const [position, { wanted }] of all.entries()) {
          expect(shares[position]).toBeLessThanOrEqual(wanted + 1e-6);
        }
        const wanted = sum(all.map((want) => want.wanted));
        expect(sum(shares)).toBeCloseTo(Math.min(capacity, wanted), 6);
      }),
    );
  });

  test('nobody who wants more has less for their weight than another', () => {
    fc.assert(
      fc.property(fc.nat({ max: 1_000 }), wants, (capacity, all) => {
        const given = shared(capacity, all).map((share, position) => ({ share, ...all[position] }));
        const most = Math.max(...given.map(({ share, weight = 1 }) => share / weight));
        for (const { share, weight = 1 } of given.filter(({ share, wanted = 0 }) => share < wanted - 1e-6)) {
          expect(share / weight).toBeCloseTo(most, 6);
        }
      }),
    );
  });
});

describe('the next poll', () => {
  const room: Room = { capacity: 20, ready: 0, most: 10, fitting: Number.POSITIVE_INFINITY };
  const busy: Claim = { weight: 1, isFree: true, taken: 0, asked: 0, each: 1, appetite: 10, outlook: 1 };
  const idle: Claim = { ...busy, appetite: 0 };

  test('a queue alone asks for all that there is room for', () => {
    expect(nextPoll(room, [idle])).toEqual({ position: 0, size: 10 });
    expect(nextPoll(room, [{ ...idle, isFree: false }])).toBeUndefined();
  });

  test('an idle queue beside others keeps one poll, for one message, which takes nothing from them', () => {
    expect(nextPoll(room, [idle, { ...busy, isFree: false, taken: 19 }])).toEqual({ position: 0, size: 1 });
    expect(nextPoll(room, [{ ...idle, asked: 1 }, busy])).toEqual({ position: 1, size: 10 });
    expect(
      nextPoll(room, [
        { ...idle, asked: 1 },
        { ...busy, asked: 10 },
      ]),
    ).toEqual({ position: 1, size: 10 });
  });

  test('a queue that has more than its share waits until the other has its own', () => {
    const [greedy, hungry] = [
      { ...busy, taken: 12 },
      { ...busy, taken: 3 },
    ];
    expect(nextPoll({ ...room, ready: 5 }, [greedy, hungry])).toBeUndefined(); // not a full receive yet
    expect(nextPoll(room, [greedy, hungry])).toEqual({ position: 1, size: 5 });
  });

  test('what a queue leaves of its share goes to the others', () => {
    const light = { ...busy, taken: 1, appetite: 2 };
    expect(
      nextPoll({ ...room, ready: 1 }, [
        { ...light, isFree: false },
        { ...busy, taken: 4 },
      ]),
    ).toEqual({
      position: 1,
      size: 10,
    });
  });

  test('one that rests wants nothing', () => {
    const failing = { ...busy, isFree: false, outlook: 0 };
    expect(nextPoll(room, [failing, { ...busy, taken: 10 }])).toEqual({ position: 1, size: 10 });
  });

  test('never more is asked for than fits, but for one message of each idle queue and a pack that exceeds it', () => {
    const claim = fc.record({
      weight: fc.double({ min: 0.01, max: 100, noNaN: true }),
      isFree: fc.boolean(),
      taken: fc.nat({ max: 30 }),
      asked: fc.nat({ max: 10 }),
      each: fc.oneof(fc.constant(1), fc.double({ min: 1, max: 50, noNaN: true })),
      appetite: fc.nat({ max: 10 }),
      outlook: fc.nat({ max: 4 }),
    });
    const rooms = fc.record({
      capacity: fc.integer({ min: 1, max: 60 }),
      ready: fc.nat({ max: 30 }),
      most: fc.integer({ min: 1, max: 10 }),
      fitting: fc.nat({ max: 20 }),
    });
    fc.assert(
      fc.property(rooms, fc.array(claim, { minLength: 1, maxLength: 8 }), (where, claims) => {
        const next = nextPoll(where, claims);
        if (next === undefined) {
          return;
        }
        const { position, size } = next;
        const polled = claims[position];
        const isAlone = claims.length === 1;
        const used = sum(
          claims.map(({ taken, asked, each, appetite }) =>
            appetite === 0 && !isAlone ? taken : taken + asked * each,
          ),
        );
        expect(polled?.isFree).toBe(true);
        expect(size).toBeGreaterThanOrEqual(1);
        expect(size).toBeLessThanOrEqual(Math.min(where.most, where.fitting));
        expect((size - 1) * (polled?.each ?? 1)).toBeLessThanOrEqual(
          Math.max(0, where.capacity - used) + 1e-6,
        );
      }),
    );
  });

  test('no queue that may poll is passed over for ever: with nothing in hand one polls', () => {
    const claim = fc.record({
      weight: fc.double({ min: 0.01, max: 100, noNaN: true }),
      isFree: fc.constant(true),
      taken: fc.constant(0),
      asked: fc.constant(0),
      each: fc.double({ min: 1, max: 50, noNaN: true }),
      appetite: fc.nat({ max: 10 }),
      outlook: fc.integer({ min: 1, max: 4 }),
    });
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 60 }),
        fc.array(claim, { minLength: 1, maxLength: 8 }),
        (capacity, claims) => {
          expect(nextPoll({ ...room, capacity }, claims)).toBeDefined();
        },
      ),
    );
  });

  test('an appetite doubles while polls come back full, and falls to twice what came', () => {
    let appetite = 0;
    const appetites = [1, 1, 2, 4, 8, 10, 10].map((asked) => {
      appetite = nextAppetite(appetite, asked, asked);
      return appetite;
    });
    expect(appetites).toEqual([2, 2, 4, 8, 10, 10, 10]);
    expect(nextAppetite(10, 10, 3)).toBe(6);
    expect(nextAppetite(10, 10, 0)).toBe(0);
    expect(nextAppetite(10, 1, 1)).toBe(10);
  });
});
