import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { createAlarm } from '../src/alarm.ts';
import { systemClock } from '../src/clock.ts';

beforeEach(() => {
  vi.useFakeTimers({
    toFake: ['setTimeout', 'clearTimeout', 'setImmediate', 'clearImmediate', 'performance', 'Date'],
  });
});

afterEach(() => {
  vi.useRealTimers();
});

function ringing(): { readonly alarm: ReturnType<typeof createAlarm>; readonly rings: number[] } {
  const rings: number[] = [];
  const startedAt = systemClock.monotonic();
  const alarm = createAlarm(systemClock, () => rings.push(systemClock.monotonic() - startedAt));
  return { alarm, rings };
}

test('it rings once, at the earliest moment of all', () => {
  const { alarm, rings } = ringing();
  const now = systemClock.monotonic();
  alarm.ringBy(now + 300);
  alarm.ringBy(now + 100);
  alarm.ringBy(now + 200);
  expect(vi.getTimerCount()).toBe(1);
  vi.advanceTimersByTime(1_000);
  expect(rings).toEqual([100]);
});

test('it can be set again after it rang, while it rings, and after it was cleared', () => {
  const rings: number[] = [];
  const startedAt = systemClock.monotonic();
  const alarm = createAlarm(systemClock, () => {
    rings.push(systemClock.monotonic() - startedAt);
    if (rings.length < 3) {
      alarm.ringBy(systemClock.monotonic() + 10);
    }
  });
  alarm.ringBy(startedAt + 5);
  vi.advanceTimersByTime(100);
  expect(rings).toEqual([5, 15, 25]);
  alarm.ringBy(startedAt + 150);
  alarm.clear();
  expect(vi.getTimerCount()).toBe(0);
  alarm.ringBy(startedAt + 200);
  vi.advanceTimersByTime(1_000);
  expect(rings).toEqual([5, 15, 25, 200]);
});

test('a moment that is past rings in the next turn, not within the call', () => {
  const { alarm, rings } = ringing();
  alarm.ringBy(systemClock.monotonic() - 50);
  expect(rings).toEqual([]);
  vi.advanceTimersByTime(0);
  expect(rings).toEqual([0]);
});

test('never sets no timer', () => {
  const { alarm } = ringing();
  alarm.ringBy(Number.POSITIVE_INFINITY);
  expect(vi.getTimerCount()).toBe(0);
});
