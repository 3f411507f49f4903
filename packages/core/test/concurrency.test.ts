import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createConcurrencyLimit, createFixedLimit } from '../src/concurrency.ts';
import { latencyBound, type Service, Simulation, seeded, tokenBucket, workers } from './simulated-service.ts';

const max = 50;
const fixedLimits = [1, 2, 3, 4, 5, 6, 8, 10, 13, 16, 20, 25, 32, 40, 50];

function adaptive(service: Service, untilMs: number): Simulation {
  const simulation = new Simulation();
  simulation.run(createConcurrencyLimit({ clock: simulation.clock, max }), service, untilMs);
  return simulation;
}

/** What the best of the fixed limits has accepted in this time. */
function bestFixed(makeService: () => Service, fromMs: number, toMs: number): number {
  const accepted = fixedLimits.map((limit) => {
    const simulation = new Simulation();
    simulation.run(createFixedLimit(limit), makeService(), toMs);
    return simulation.accepted(fromMs, toMs);
  });
  return Math.max(...accepted);
}

function shareOfBest(makeService: () => Service, fromMs: number, toMs: number): number {
  return adaptive(makeService(), toMs).accepted(fromMs, toMs) / bestFixed(makeService, fromMs, toMs);
}

const jitter = (seed: number, fromMs: number, toMs: number): (() => number) => {
  const random = seeded(seed);
  return () => fromMs + (toMs - fromMs) * random();
};
/** Mostly quick, sometimes very slow. */
const heavyTail = (seed: number): (() => number) => {
  const random = seeded(seed);
  return () => (random() < 0.02 ? 400 : 5 + 10 * random());
};
/** A sender whose own event loop takes 1 ms for a call, at times 20 ms, with a service that answers in 10 ms. */
const busySender = (seed: number): Service => {
  const random = seeded(seed);
  return workers(1, () => (random() < 0.02 ? 20 : 0.6), 10);
};

describe('at least 90 % of the best fixed limit, from the fifth second on', () => {
  const services: readonly (readonly [string, () => Service])[] = [
    ['a service that answers in 10 ms whatever the load', () => latencyBound(() => 10)],
    ['one that takes 300 ms', () => latencyBound(() => 300)],
    ['one whose latency has a heavy tail', () => latencyBound(heavyTail(1))],
    ['four workers, for which calls queue', () => workers(4, () => 10)],
    ['twenty workers of varying speed', () => workers(20, jitter(2, 5, 15), 5)],
    ['a busy event loop of the sender itself', () => busySender(3)],
    ['2,000 calls a second', () => tokenBucket(2_000, 2_000, jitter(4, 5, 15))],
    ['500 calls a second, with a small burst', () => tokenBucket(500, 10, () => 10)],
    ['300 calls a second at 100 ms', () => tokenBucket(300, 30, jitter(5, 100, 120))],
  ];

  test.each(services)('%s', (_, makeService) => {
    expect(shareOfBest(makeService, 5_000, 15_000)).toBeGreaterThanOrEqual(0.9);
  });
});

describe('throttles', () => {
  test.each([
    ['2,000 calls a second', () => tokenBucket(2_000, 2_000, jitter(4, 5, 15))],
    ['500 calls a second', () => tokenBucket(500, 500, () => 10)],
    ['500 calls a second, with a small burst', () => tokenBucket(500, 10, () => 10)],
    ['300 calls a second at 100 ms', () => tokenBucket(300, 30, jitter(5, 100, 120))],
  ])('of %s: less than one in a hundred, in the long run', (_, makeService) => {
    expect(adaptive(makeService(), 60_000).throttledShare(10_000, 60_000)).toBeLessThan(0.01);
  });

  test('entries that are throttled count by their share', () => {
    const simulation = new Simulation();
    const limit = createConcurrencyLimit({ clock: simulation.clock, max });
    const service: Service = (now) => ({ atMs: now + 10, throttledShare: now < 1_000 ? 0.1 : 0 });
    simulation.run(limit, service, 40);
    expect(limit.limit).toBeGreaterThan(10); // not halved, as it would be for calls
    expect(limit.limit).toBeLessThan(16);
  });

  test('when all is throttled the limit goes down to 1, and up again when that is over', () => {
    const service: Service = (now) => ({ atMs: now + 10, throttledShare: now < 5_000 ? 1 : 0 });
    const { limits } = adaptive(service, 7_000);
    expect(limits.findLast(({ atMs }) => atMs < 5_000)?.limit).toBe(1);
    expect(limits.at(-1)?.limit).toBe(max);
  });
});

describe('a latency that becomes ten times what it was', () => {
  const step = (before: number, after: number) => (now: number) => (now < 20_000 ? before : after);
  const services = (before: number, after: number): readonly (readonly [string, () => Service])[] => [
    ['whatever the load', () => latencyBound(step(before, after))],
    ['with twenty workers', () => workers(20, step(before, after))],
    ['with 500 calls a second', () => tokenBucket(500, 100, step(before, after))],
  ];

  test.each(services(10, 100))('longer, %s: recovered in 10 s', (_, makeService) => {
    expect(shareOfBest(makeService, 30_000, 35_000)).toBeGreaterThanOrEqual(0.9);
  });

  test.each(services(100, 10))('shorter, %s: recovered in 10 s', (_, makeService) => {
    expect(shareOfBest(makeService, 30_000, 35_000)).toBeGreaterThanOrEqual(0.9);
    expect(adaptive(makeService(), 60_000).throttledShare(30_000, 60_000)).toBeLessThan(0.01);
  });
});

test('it goes back to about where calls begin to queue at the service', () => {
  const simulation = new Simulation();
  const limit = createConcurrencyLimit({ clock: simulation.clock, max, initial: 4 });
  simulation.run(
    limit,
    workers(4, () => 10, 20),
    10_000,
  );
  expect(limit.limit).toBeGreaterThanOrEqual(12); // which keep four workers busy
  expect(limit.limit).toBeLessThan(30);
});

test('a time when the limit is not reached proves nothing', () => {
  const simulation = new Simulation();
  const limit = createConcurrencyLimit({ clock: simulation.clock, max, initial: 8 });
  simulation.run(
    limit,
    latencyBound(() => 10),
    10_000,
    4,
  );
  expect(limit.limit).toBe(8);
});

test('calls that fail on the way tell nothing', () => {
  const simulation = new Simulation();
  const limit = createConcurrencyLimit({ clock: simulation.clock, max });
  for (let count = 0; count < 1_000; count++) {
    const call = limit.begin();
    simulation.nowMs += 1_000;
    call.failed();
  }
  expect([limit.limit, limit.inFlight]).toEqual([16, 0]);
});

test('it begins at most at its ceiling', () => {
  expect(createConcurrencyLimit({ clock: new Simulation().clock, max: 3 }).limit).toBe(3);
});

test('any service: the limit is a whole number from 1 to the ceiling, and takes at most one step in a round trip', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 60 }),
      fc.array(
        fc.record({ ms: fc.integer({ min: 1, max: 500 }), share: fc.constantFrom(0, 0, 0, 0.1, 0.5, 1) }),
        {
          minLength: 1,
          maxLength: 30,
        },
      ),
      (ceiling, answers) => {
        const simulation = new Simulation();
        const limit = createConcurrencyLimit({ clock: simulation.clock, max: ceiling });
        let calls = 0;
        const service: Service = (now) => {
          const { ms, share } = answers[calls++ % answers.length] ?? { ms: 1, share: 0 };
          return { atMs: now + ms, throttledShare: share };
        };
        simulation.run(limit, service, 2_000);
        const limits = simulation.limits.map((each) => each.limit);
        expect(limits.every((each) => Number.isInteger(each) && each >= 1 && each <= ceiling)).toBe(true);
        // Steps of one may be the two neighbours of what is no whole number.
        const steps = simulation.limits.filter(
          (each, index) => Math.abs(each.limit - (limits[index - 1] ?? each.limit)) > 1,
        );
        const shortest = Math.min(...answers.map(({ ms }) => ms));
        const pauses = steps.slice(1).map(({ atMs }, index) => atMs - (steps[index]?.atMs ?? 0));
        expect(pauses.every((pause) => pause >= shortest)).toBe(true);
      },
    ),
    { numRuns: 100 },
  );
});
