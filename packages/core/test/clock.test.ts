import { getEventListeners } from 'node:events';
import { afterEach, beforeEach, describe, expect, type Mock, test, vi } from 'vitest';
import { type Clock, sleep, systemClock } from '../src/clock.ts';

const dayMs = 86_400_000;

beforeEach(() => {
  vi.useFakeTimers({ now: 1_700_000_000_000 });
});
afterEach(() => {
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

describe('systemClock', () => {
  test('tells wall time in epoch milliseconds', () => {
    expect(systemClock.now()).toBe(1_700_000_000_000);
    vi.advanceTimersByTime(5);
    expect(systemClock.now()).toBe(1_700_000_000_005);
  });

  test('goes on counting when wall time is set back', () => {
    const before = systemClock.monotonic();
    vi.setSystemTime(0);
    vi.advanceTimersByTime(5);
    expect(systemClock.now()).toBe(5);
    expect(systemClock.monotonic() - before).toBeCloseTo(5);
  });

  test('calls back once, after the delay', () => {
    const callback = vi.fn<() => void>();
    systemClock.setTimer(callback, 100);
    vi.advanceTimersByTime(99);
    expect(callback).not.toHaveBeenCalled();
    vi.advanceTimersByTime(1);
    expect(callback).toHaveBeenCalledTimes(1);
    vi.advanceTimersByTime(dayMs);
    expect(callback).toHaveBeenCalledTimes(1);
  });

  test('does not call back once cancelled; cancelling again or too late does nothing', () => {
    const callback = vi.fn<() => void>();
    const timer = systemClock.setTimer(callback, 100);
    timer.cancel();
    timer.cancel();
    vi.advanceTimersByTime(1_000);
    expect(callback).not.toHaveBeenCalled();

    const late = systemClock.setTimer(callback, 100);
    vi.advanceTimersByTime(100);
    late.cancel();
    expect(callback).toHaveBeenCalledTimes(1);
  });

  test('without delay it calls back on the next turn, when all that is ready has had its turn', async () => {
    vi.useRealTimers();
    const order: string[] = [];
    const turned = new Promise<void>((resolve) => {
      systemClock.setTimer(
        () => {
          order.push('turn');
          resolve();
        },
        0,
        { keepAlive: true },
      );
    });
    order.push('loop');
    void Promise.resolve().then(() => order.push('promise'));
    process.nextTick(() => order.push('tick'));
    await turned;
    expect(order.at(0)).toBe('loop');
    expect(order.at(-1)).toBe('turn');
    expect(order.length).toBe(4);
  });

  test.each([0, -5, Number.NEGATIVE_INFINITY])('a timer of %i ms can be cancelled', (delayMs) => {
    const callback = vi.fn<() => void>();
    systemClock.setTimer(callback, delayMs).cancel();
    vi.advanceTimersByTime(0);
    expect(callback).not.toHaveBeenCalled();
    const late = systemClock.setTimer(callback, delayMs);
    vi.advanceTimersByTime(0);
    late.cancel();
    expect(callback).toHaveBeenCalledTimes(1);
  });

  test('in a browser, which has no other turn, a timer without delay is one of its timers', () => {
    vi.stubGlobal('setImmediate', undefined);
    const callback = vi.fn<() => void>();
    systemClock.setTimer(callback, Number.NEGATIVE_INFINITY);
    expect(vi.getTimerCount()).toBe(1);
    vi.advanceTimersByTime(0);
    expect(callback).toHaveBeenCalledTimes(1);
  });

  test('regression: a timer of 30 days fired after 24.8', () => {
    const callback = vi.fn<() => void>();
    systemClock.setTimer(callback, 30 * dayMs);
    vi.advanceTimersByTime(30 * dayMs - 1);
    expect(callback).not.toHaveBeenCalled();
    vi.advanceTimersByTime(1);
    expect(callback).toHaveBeenCalledTimes(1);
  });

  test.each([2 ** 31 - 2, 2 ** 31 - 1, 2 ** 31, 2 * (2 ** 31 - 1), 400 * dayMs])(
    'keeps a delay of %i ms exactly',
    (delayMs) => {
      const callback = vi.fn<() => void>();
      systemClock.setTimer(callback, delayMs);
      vi.advanceTimersByTime(delayMs - 1);
      expect(callback).not.toHaveBeenCalled();
      vi.advanceTimersByTime(1);
      expect(callback).toHaveBeenCalledTimes(1);
    },
  );

  test('can be cancelled in any of the steps of a long delay', () => {
    const callback = vi.fn<() => void>();
    const timer = systemClock.setTimer(callback, 90 * dayMs);
    vi.advanceTimersByTime(60 * dayMs);
    timer.cancel();
    vi.advanceTimersByTime(60 * dayMs);
    expect(callback).not.toHaveBeenCalled();
    expect(vi.getTimerCount()).toBe(0);
  });

  test('never fires after an infinite delay', () => {
    const callback = vi.fn<() => void>();
    const timer = systemClock.setTimer(callback, Number.POSITIVE_INFINITY);
    vi.advanceTimersByTime(100 * dayMs);
    expect(callback).not.toHaveBeenCalled();
    timer.cancel();
    expect(vi.getTimerCount()).toBe(0);
  });

  describe('and the life of the process', () => {
    /** Replaces `setTimeout` and returns what each timer's `unref` was called with. */
    function watchUnref(): Mock<() => void> {
      const unref = vi.fn<() => void>();
      const fake = globalThis.setTimeout;
      vi.stubGlobal('setTimeout', (callback: () => void, delayMs: number) =>
        Object.assign(fake(callback, delayMs), { unref }),
      );
      return unref;
    }

    test('a timer does not keep the process alive, in no step of a long delay', () => {
      const unref = watchUnref();
      systemClock.setTimer(() => undefined, 10);
      expect(unref).toHaveBeenCalledTimes(1);
      systemClock.setTimer(() => undefined, 30 * dayMs);
      vi.advanceTimersByTime(25 * dayMs);
      expect(unref).toHaveBeenCalledTimes(3);
    });

    test('a timer keeps it alive where it is asked to', () => {
      const unref = watchUnref();
      systemClock.setTimer(() => undefined, 10, { keepAlive: true });
      expect(unref).not.toHaveBeenCalled();
      systemClock.setTimer(() => undefined, 10, { keepAlive: false });
      expect(unref).toHaveBeenCalledTimes(1);
    });

    test('nor does one without delay', () => {
      const unref = vi.fn<() => void>();
      vi.stubGlobal('setImmediate', () => ({ unref }));
      systemClock.setTimer(() => undefined, 0, { keepAlive: true });
      expect(unref).not.toHaveBeenCalled();
      systemClock.setTimer(() => undefined, 0);
      expect(unref).toHaveBeenCalledTimes(1);
    });

    test('a browser, whose timers are numbers, has no process', () => {
      const cleared = vi.fn<(handle: unknown) => void>();
      vi.stubGlobal('setTimeout', () => 7);
      vi.stubGlobal('clearTimeout', cleared);
      systemClock.setTimer(() => undefined, 10).cancel();
      expect(cleared).toHaveBeenCalledExactlyOnceWith(7);
    });
  });
});

describe('sleep', () => {
  test('resolves after the delay', async () => {
    let isOver = false;
    const sleeping = sleep(systemClock, 100).then(() => {
      isOver = true;
    });
    await vi.advanceTimersByTimeAsync(99);
    expect(isOver).toBe(false);
    await vi.advanceTimersByTimeAsync(1);
    await sleeping;
    expect(isOver).toBe(true);
  });

  test("rejects with the signal's reason as soon as it aborts, and leaves no timer", async () => {
    const controller = new AbortController();
    const reason = new Error('shutting down');
    const sleeping = sleep(systemClock, 100, { signal: controller.signal });
    controller.abort(reason);
    await expect(sleeping).rejects.toBe(reason);
    expect(vi.getTimerCount()).toBe(0);
  });

  test('rejects at once where the signal had aborted before, and sets no timer', async () => {
    const reason = new Error('too late');
    await expect(sleep(systemClock, 100, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    expect(vi.getTimerCount()).toBe(0);
  });

  test('stays resolved when the signal aborts afterwards, and leaves no listener on it', async () => {
    const controller = new AbortController();
    const sleeping = sleep(systemClock, 100, { signal: controller.signal });
    expect(getEventListeners(controller.signal, 'abort')).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(100);
    expect(getEventListeners(controller.signal, 'abort')).toHaveLength(0);
    controller.abort();
    await expect(sleeping).resolves.toBeUndefined();
  });

  test('passes on whether it keeps the process alive', async () => {
    const setTimer = vi.fn<Clock['setTimer']>((callback) => {
      callback();
      return { cancel: () => undefined };
    });
    await sleep({ ...systemClock, setTimer }, 5, { keepAlive: true });
    expect(setTimer).toHaveBeenCalledExactlyOnceWith(
      expect.any(Function),
      5,
      expect.objectContaining({ keepAlive: true }),
    );
  });
});
