import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createSlotMeter } from '../src/slot-meter.ts';

test('nothing is known before the first message is done', () => {
  const meter = createSlotMeter();
  meter.inUse(3, 0);
  meter.inUse(0, 1_000);
  expect(meter.perMessageMs).toBeUndefined();
});

test('it is the time in use of all slots, by messages', () => {
  const steps = fc.array(fc.record({ slots: fc.nat({ max: 50 }), ms: fc.nat({ max: 10_000 }) }), {
    minLength: 1,
  });
  fc.assert(
    fc.property(steps, fc.integer({ min: 1, max: 999 }), (all, messages) => {
      const meter = createSlotMeter();
      let now = 5_000;
      let used = 0;
      for (const { slots, ms } of all) {
        meter.inUse(slots, now);
        used += slots * ms;
        now += ms;
      }
      meter.inUse(0, now);
      for (let count = 0; count < messages; count++) {
        meter.done();
      }
      expect(meter.perMessageMs).toBeCloseTo(used / messages, 6);
    }),
  );
});

test('it follows what happens: of old messages little is left', () => {
  const meter = createSlotMeter();
  let now = 0;
  const run = (messages: number, ms: number): void => {
    for (let count = 0; count < messages; count++) {
      meter.inUse(1, now);
      now += ms;
      meter.inUse(0, now);
      meter.done();
    }
  };
  run(100_000, 1_000);
  expect(meter.perMessageMs).toBeCloseTo(1_000, 6);
  run(10_000, 10);
  expect(meter.perMessageMs).toBeLessThan(11);
});
