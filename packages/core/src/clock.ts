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
  /**
   * Calls back once, after `delayMs`. With a delay of 0 or less it does so on the next turn of the event loop, when all
   * that is ready has had its turn; never before it returns.
   */
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

/** Browsers return a number: they have no process to keep alive. */
function letProcessEnd(handle: unknown, options: TimerOptions | undefined): void {
  if (options?.keepAlive !== true && canUnref(handle)) {
    handle.unref();
  }
}

/** Of Node, Deno and Bun, where a timer takes a millisecond at least. A browser's timer of 0 ms is as soon as it gets. */
interface Immediates {
  readonly setImmediate?: ((callback: () => void) => unknown) | undefined;
  readonly clearImmediate?: ((handle: unknown) => void) | undefined;
}

function setTurn(callback: () => void, options: TimerOptions | undefined): Timer | undefined {
  // Read each time: a test's fake timers may have taken their place.
  const { setImmediate, clearImmediate } = globalThis as Immediates;
  if (setImmediate === undefined || clearImmediate === undefined) {
    return undefined;
  }
  const handle = setImmediate(callback);
  letProcessEnd(handle, options);
  return { cancel: () => clearImmediate(handle) };
}

/** The machine's clock. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  setTimer(callback, delayMs, options) {
    const turn = delayMs <= 0 ? setTurn(callback, options) : undefined;
    if (turn !== undefined) {
      return turn;
    }
    let handle: ReturnType<typeof setTimeout>;
    let leftMs = delayMs;
    const arm = (): void => {
      const stepMs = Math.min(leftMs, longestTimerMs);
      leftMs -= stepMs;
      handle = setTimeout(leftMs > 0 ? arm : callback, stepMs);
      letProcessEnd(handle, options);
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
