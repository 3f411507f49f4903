import type { Logger } from './logger.ts';
import type { Recorder } from './recorder.ts';

/**
 * Calls something of the user's whose failure must not become ours: what it throws, and what a promise that it returns
 * rejects with, goes to `onError` and no further. (An `async` function is assignable to `() => void`, and is what people
 * write.)
 */
export function callGuarded(callback: () => unknown, onError: (error: unknown) => void): void {
  try {
    const result = callback();
    if (isThenable(result)) {
      result.then(undefined, onError);
    }
  } catch (error) {
    onError(error);
  }
}

/** By shape: any promise will do. */
export function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function';
}

const ignore = (): void => undefined;

/** The same logger, except that a failure of its own goes no further: a log line is never worth a message. */
export function guardedLogger(logger: Logger): Logger {
  return {
    debug: (message, fields) => callGuarded(() => logger.debug(message, fields), ignore),
    warn: (message, fields) => callGuarded(() => logger.warn(message, fields), ignore),
    error: (message, fields) => callGuarded(() => logger.error(message, fields), ignore),
  };
}

/** The same recorder, except that a failure of its instruments goes no further: nor is a measurement worth one. */
export function guardedRecorder(recorder: Recorder): Recorder {
  return {
    enabled: recorder.enabled,
    counter(name, dimensions) {
      const counter = recorder.counter(name, dimensions);
      return { add: (value) => callGuarded(() => counter.add(value), ignore) };
    },
    gauge(name, unit, dimensions) {
      const gauge = recorder.gauge(name, unit, dimensions);
      return { set: (value) => callGuarded(() => gauge.set(value), ignore) };
    },
    histogram(name, unit, dimensions) {
      const histogram = recorder.histogram(name, unit, dimensions);
      return { record: (value) => callGuarded(() => histogram.record(value), ignore) };
    },
  };
}
