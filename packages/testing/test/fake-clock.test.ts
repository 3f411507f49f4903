import { AssertionError } from 'node:assert';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { isQueueError } from '@sqskit/core';
import { sleep } from '@sqskit/core/clock';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createFakeClock } from '../src/index.ts';

describe('a fake clock', () => {
  test('stands still by itself, monotonic time from 0 and wall time from the start given', async () => {
    const clock = createFakeClock({ startMs: 1_000 });
    await clock.flush();
    expect([clock.monotonic(), clock.now()]).toEqual([0, 1_000]);
    await clock.advance(2.5);
    expect([clock.monotonic(), clock.now()]).toEqual([2.5, 1_002]);
    expect(createFakeClock().now()).toBe(Date.UTC(2026, 0, 1));
  });

  test('fires what is due within the time, in order of time and then of setting, and nothing else', async () => {
    const clock = createFakeClock();
    const fired: string[] = [];
    const note = (name: string) => () => {
      fired.push(`${name} at ${clock.monotonic()}`);
    };
    clock.setTimer(note('late'), 20.1);
    clock.setTimer(note('b'), 20);
    clock.setTimer(note('a'), 5);
    clock.setTimer(note('c'), 20);
    clock.setTimer(note('cancelled'), 10).cancel();
    await clock.advance(20);
    expect(fired).toEqual(['a at 5', 'b at 20', 'c at 20']);
    expect(clock.pendingTimers).toBe(1);
  });

  test('fires timers that are set meanwhile, if they are due in time', async () => {
    const clock = createFakeClock();
    const fired: number[] = [];
    const again = (): void => {
      fired.push(clock.monotonic());
      clock.setTimer(again, 10);
    };
    clock.setTimer(again, 10);
    await clock.advance(35);
    expect(fired).toEqual([10, 20, 30]);
    expect(clock.monotonic()).toBe(35);
  });

  test('lets promises settle before, between and after timers', async () => {
    const clock = createFakeClock();
    const steps: string[] = [];
    const run = async (): Promise<void> => {
      await Promise.resolve();
      steps.push(`begun at ${clock.monotonic()}`);
      await sleep(clock, 10);
      await Promise.resolve();
      steps.push(`slept at ${clock.monotonic()}`);
      await sleep(clock, 10);
      await Promise.resolve();
      steps.push(`slept again at ${clock.monotonic()}`);
    };
    void run();
    await clock.advance(20);
    expect(steps).toEqual(['begun at 0', 'slept at 10', 'slept again at 20']);
  });

  test('takes a negative delay for none, and refuses one that is no number', async () => {
    const clock = createFakeClock();
    let fired = 0;
    clock.setTimer(() => fired++, -5);
    await clock.advance(0);
    expect(fired).toBe(1);
    expect(() => clock.setTimer(() => undefined, Number.NaN)).toThrow('received NaN');
    await expect(clock.advance(-1)).rejects.toThrow('received -1');
  });

  test('counts the timers that are set, whatever becomes of them', async () => {
    const clock = createFakeClock();
    const timers = Array.from({ length: 500 }, () => clock.setTimer(() => undefined, 1_000));
    expect(clock.pendingTimers).toBe(500);
    for (const timer of timers.slice(0, 400)) {
      timer.cancel();
      timer.cancel();
    }
    expect(clock.pendingTimers).toBe(100);
    await clock.advance(1_000);
    expect(clock.pendingTimers).toBe(0);
    timers[499]?.cancel();
    expect(clock.pendingTimers).toBe(0);
  });

  test('refuses an option that it does not know', () => {
    const unknown: object = { start: 1 };
    expect(() => createFakeClock(unknown)).toThrow('expected `start` to be one of its options: startMs');
  });

  test('fires every timer once and in order, whatever is set and cancelled', async () => {
    const timer = fc.record({ delayMs: fc.nat(50), isCancelled: fc.boolean() });
    await fc.assert(
      fc.asyncProperty(fc.array(timer, { maxLength: 100 }), fc.array(fc.nat(30)), async (timers, steps) => {
        const clock = createFakeClock();
        const fired: number[] = [];
        timers.forEach(({ delayMs, isCancelled }, index) => {
          const set = clock.setTimer(() => fired.push(index), delayMs);
          if (isCancelled) {
            set.cancel();
          }
        });
        for (const step of steps) {
          await clock.advance(step);
        }
        const passed = clock.monotonic();
        const expected = timers
          .map(({ delayMs, isCancelled }, index) => ({ delayMs, isCancelled, index }))
          .filter(({ delayMs, isCancelled }) => !isCancelled && delayMs <= passed && steps.length > 0)
          .toSorted((one, other) => one.delayMs - other.delayMs)
          .map(({ index }) => index);
        expect(fired).toEqual(expected);
      }),
      { numRuns: 50 },
    );
  });
});

describe('settle', () => {
  test('goes as far as the promise needs and no further', async () => {
    const clock = createFakeClock();
    clock.setTimer(() => undefined, 5_000);
    await expect(clock.settle(sleep(clock, 1_234).then(() => 'slept'))).resolves.toBe('slept');
    expect(clock.monotonic()).toBe(1_234);
  });

  test('does not move time for a promise that settles by itself', async () => {
    const clock = createFakeClock();
    clock.setTimer(() => undefined, 1);
    await expect(clock.settle(Promise.resolve(7))).resolves.toBe(7);
    expect(clock.monotonic()).toBe(0);
  });

  test('rejects as the promise does', async () => {
    const clock = createFakeClock();
    const failing = sleep(clock, 10).then(() => {
      throw new Error('as it does');
    });
    await expect(clock.settle(failing)).rejects.toThrow('as it does');
  });

  test('waits for work outside the clock, such as a thread’s', async () => {
    const clock = createFakeClock();
    const work = promisify(gzip)('text').then(() => sleep(clock, 100));
    await expect(clock.settle(work)).resolves.toBeUndefined();
    expect(clock.monotonic()).toBe(100);
  });

  test('says so where a promise can never settle', async () => {
    const clock = createFakeClock();
    const stuck = clock.settle(new Promise(() => undefined));
    await expect(stuck).rejects.toBeInstanceOf(AssertionError);
    await expect(stuck).rejects.toThrow('deadlock: the promise is pending at 0 ms');
  });

  test('gives up after withinMs', async () => {
    const clock = createFakeClock();
    const tick = (): void => {
      clock.setTimer(tick, 60);
    };
    tick();
    const stuck = clock.settle(new Promise(() => undefined), { withinMs: 100 });
    await expect(stuck).rejects.toThrow(
      'still pending after 100 ms of virtual time; the next of 1 timers is due at 120 ms',
    );
  });

  test('says so where something loops without taking time', async () => {
    const clock = createFakeClock();
    const spin = (): void => {
      clock.setTimer(spin, 0);
    };
    spin();
    await expect(clock.advance(1)).rejects.toThrow('something loops without taking time');
  });

  test('gives up after an hour unless told otherwise', async () => {
    const clock = createFakeClock();
    await expect(clock.settle(sleep(clock, 3_600_001))).rejects.toThrow('after 3600000 ms');
    await expect(clock.settle(sleep(clock, 7_200_000), { withinMs: 7_200_000 })).resolves.toBeUndefined();
  });

  test('an aborted sleep leaves no timer', async () => {
    const clock = createFakeClock();
    const stop = new AbortController();
    const slept = sleep(clock, 10, { signal: stop.signal }).catch((error: unknown) => isQueueError(error));
    stop.abort();
    await clock.flush();
    expect(clock.pendingTimers).toBe(0);
    await expect(slept).resolves.toBe(false);
  });
});
