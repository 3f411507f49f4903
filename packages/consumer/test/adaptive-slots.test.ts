import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type AdaptiveSlots, createAdaptiveSlots } from '../src/adaptive-slots.ts';
import { type Downstream, meanOf, type SlotLaw, SlotSimulation } from './simulated-downstream.ts';

interface Bounds {
  readonly min?: number;
  readonly max?: number;
  readonly initial?: number;
}

function createLaw(
  simulation: SlotSimulation,
  { min = 1, max = 400, initial = 10 }: Bounds = {},
): AdaptiveSlots {
  return createAdaptiveSlots({ clock: simulation.clock, min, max, initial, maxLoopDelayMs: 50 });
}

function lawOf(law: AdaptiveSlots): SlotLaw {
  return {
    get limit() {
      return law.limit;
    },
    begin() {
      const run = law.begin();
      return (how) => law.end(run, how);
    },
  };
}

const warmUp = 8_000;
const measured = 8_000;

describe.each([4, 20, 100])('a service whose calls take longer beyond %i at a time', (knee) => {
  describe.each(['not', 'evenly', 'exponentially'] as const)('and vary %s', (varies) => {
    test.each([1, 10, 200])('is given about so many slots within 8,000 runs, from %i on', (initial) => {
      const service: Downstream = { knee, baseMs: 20, varies };
      const simulation = new SlotSimulation(1);
      const law = createLaw(simulation, { initial });
      simulation.run(lawOf(law), service, warmUp);
      const startedAt = simulation.nowMs;
      const done = simulation.done;
      simulation.run(lawOf(law), service, measured);
      const slots = simulation.slots.slice(warmUp);
      expect(meanOf(slots) / knee).toBeGreaterThan(0.8);
      expect(meanOf(slots) / knee).toBeLessThan(1.3);
      expect(Math.max(...slots)).toBeLessThan(2.5 * knee);
      // Of the most that the service can do.
      const share = ((simulation.done - done) * 20) / (simulation.nowMs - startedAt) / knee;
      expect(share).toBeGreaterThan(0.8);
    });
  });

  test('and that refuses what is beyond twice that has less than one in a hundred refused', () => {
    const service: Downstream = { knee, baseMs: 20, varies: 'evenly', refusesBeyond: 2 * knee };
    const simulation = new SlotSimulation(2);
    const law = createLaw(simulation, { initial: 300 });
    simulation.run(lawOf(law), service, warmUp);
    const refused = simulation.refused;
    simulation.run(lawOf(law), service, measured);
    expect(simulation.refused - refused).toBeLessThan(measured / 100);
    expect(refused).toBeLessThan(1_000);
  });
});

test('a service that only refuses, however quick it is, is left below that', () => {
  const service: Downstream = { knee: 1_000, baseMs: 20, varies: 'evenly', refusesBeyond: 30 };
  const simulation = new SlotSimulation(3);
  const law = createLaw(simulation);
  simulation.run(lawOf(law), service, warmUp);
  const refused = simulation.refused;
  simulation.run(lawOf(law), service, measured);
  expect(meanOf(simulation.slots.slice(warmUp))).toBeGreaterThan(18);
  expect(simulation.refused - refused).toBeLessThan(measured / 50);
});

test('a service that becomes smaller, slower, or larger, is followed', () => {
  const simulation = new SlotSimulation(4);
  const law = createLaw(simulation);
  const meanWith = (service: Downstream): number => {
    simulation.run(lawOf(law), service, 6_000);
    return meanOf(simulation.slots.slice(-3_000));
  };
  expect(meanWith({ knee: 50, baseMs: 20, varies: 'evenly' })).toBeGreaterThan(40);
  expect(meanWith({ knee: 10, baseMs: 20, varies: 'evenly' })).toBeLessThan(15);
  expect(meanWith({ knee: 10, baseMs: 200, varies: 'evenly' })).toBeLessThan(15);
  expect(meanWith({ knee: 50, baseMs: 200, varies: 'evenly' })).toBeGreaterThan(40);
});

test('where nothing is gained or lost by more slots there are as many as may be, and never more', () => {
  const simulation = new SlotSimulation(5);
  const law = createLaw(simulation, { max: 37 });
  simulation.run(lawOf(law), { knee: 1_000, baseMs: 20, varies: 'exponentially' }, 5_000);
  expect(meanOf(simulation.slots.slice(-2_000))).toBeGreaterThan(30);
  expect(Math.max(...simulation.slots)).toBe(37);
});

test('a time when the slots are not used says nothing', () => {
  const simulation = new SlotSimulation(6);
  const law = createLaw(simulation);
  for (let run = 0; run < 1_000; run++) {
    const one = law.begin();
    simulation.nowMs += 20;
    law.end(one, 'done');
  }
  expect(law.limit).toBe(10);
});

test('runs that say nothing have no effect', () => {
  const simulation = new SlotSimulation(7);
  const law = createLaw(simulation);
  for (let run = 0; run < 1_000; run++) {
    const some = Array.from({ length: 10 }, () => law.begin());
    simulation.nowMs += 20;
    for (const one of some) {
      law.end(one, 'other');
    }
  }
  expect(law.limit).toBe(10);
});

test('a late event loop takes slots away, a fifth a second, and gives them back', () => {
  const simulation = new SlotSimulation(8);
  const law = createLaw(simulation, { min: 2, initial: 100 });
  const second = (delayMs: number): number => {
    for (let look = 0; look < 10; look++) {
      law.delayed(delayMs);
    }
    return law.limit;
  };
  expect([second(51), second(51), second(40), second(26)]).toEqual([80, 64, 64, 64]);
  for (let seconds = 0; seconds < 30; seconds++) {
    second(500);
  }
  expect(law.limit).toBe(2);
  for (let seconds = 0; seconds < 40; seconds++) {
    second(5);
  }
  expect(law.limit).toBe(100);
});

test('whatever happens, the slots are a whole number within the bounds', () => {
  const events = fc.array(
    fc.oneof(
      fc.record({
        kind: fc.constant('runs' as const),
        tookMs: fc.integer({ min: 0, max: 500 }),
        how: fc.constantFrom('done' as const, 'overloaded' as const, 'other' as const),
        count: fc.integer({ min: 1, max: 60 }),
      }),
      fc.record({ kind: fc.constant('delay' as const), ms: fc.integer({ min: 0, max: 1_000 }) }),
      fc.record({ kind: fc.constant('max' as const), max: fc.integer({ min: 1, max: 60 }) }),
    ),
    { maxLength: 60 },
  );
  fc.assert(
    fc.property(
      events,
      fc.integer({ min: 1, max: 20 }),
      fc.integer({ min: 20, max: 60 }),
      fc.integer({ min: 1, max: 100 }),
      (steps, min, first, initial) => {
        const simulation = new SlotSimulation(9);
        const law = createLaw(simulation, { min, max: first, initial });
        let max = first;
        for (const step of steps) {
          if (step.kind === 'runs') {
            const runs = Array.from({ length: Math.min(step.count, law.limit) }, () => law.begin());
            simulation.nowMs += step.tookMs;
            for (const run of runs) {
              law.end(run, step.how);
            }
          } else if (step.kind === 'delay') {
            for (let look = 0; look < 10; look++) {
              law.delayed(step.ms);
            }
          } else {
            max = step.max;
            law.setMax(max);
          }
          expect(Number.isInteger(law.limit)).toBe(true);
          expect(law.limit).toBeGreaterThanOrEqual(Math.min(min, max));
          expect(law.limit).toBeLessThanOrEqual(max);
        }
      },
    ),
  );
});
