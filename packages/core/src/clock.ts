/** A timer that was set. Cancelling one that has fired does nothing. */
export interface Timer {
  cancel(): void;
}

export interface TimerOptions {
  /** Whether the timer keeps the process alive. Default: false; true while data is buffered behind it. */
  readonly keepAlive?: boolean | undefined;
}

/** Where time comes from. Everything that waits takes one, so that tests run in virtual time. */
export interface Clock {
  /** Wall clock in epoch milliseconds: for comparing with SQS's time stamps, never for durations. */
  now(): number;
  /** Milliseconds that only go up: for leases, deadlines and durations. */
  monotonic(): number;
  /** Calls back once, after `delayMs`. */
  setTimer(callback: () => void, delayMs: number, options?: TimerOptions): Timer;
}

// setTimeout overflows above 2^31 - 1 ms (24.8 days) and then fires at once, so longer delays go in steps.
const longestTimerMs = 2_147_483_647;

interface NodeTimer {
  unref(): void;
}

function canUnref(handle: unknown): handle is NodeTimer {
  return typeof handle === 'object' && handle !== null && 'unref' in handle;
}

/** The machine's clock. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  setTimer(callback, delayMs, options) {
    let handle: ReturnType<typeof setTimeout>;
    let leftMs = delayMs;
    const arm = (): void => {
      const stepMs = Math.min(leftMs, longestTimerMs);
      leftMs -= stepMs;
      handle = setTimeout(leftMs > 0 ? arm : callback, stepMs);
      // Browsers return a number: they have no process to keep alive.
      if (options?.keepAlive !== true && canUnref(handle)) {
        handle.unref();
      }
    };
    arm();
    return { cancel: () => clearTimeout(handle) };
  },
};

/** Resolves after `delayMs` on `clock`, or rejects with the signal's reason as soon as it aborts. */
export function sleep(
  clock: Clock,
  delayMs: number,
  options: TimerOptions & { readonly signal?: AbortSignal | undefined } = {},
): Promise<void> {
  const { signal } = options;
  return new Promise((resolve, reject) => {
    if (signal?.aborted === true) {
      reject(signal.reason);
      return;
    }
    const onAbort = (): void => {
      timer.cancel();
      reject(signal?.reason);
    };
    const timer = clock.setTimer(
      () => {
        signal?.removeEventListener('abort', onAbort);
        resolve();
      },
      delayMs,
      options,
    );
    signal?.addEventListener('abort', onAbort, { once: true });
  });
}
