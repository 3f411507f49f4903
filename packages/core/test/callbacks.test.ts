import { expect, test, vi } from 'vitest';
import { callGuarded, guardedLogger, guardedRecorder } from '../src/callbacks.ts';
import type { Logger } from '../src/logger.ts';
import type { Recorder } from '../src/recorder.ts';

test('what a callback throws goes to onError and no further', () => {
  const onError = vi.fn<(error: unknown) => void>();
  const error = new Error('of the user');
  callGuarded(() => {
    throw error;
  }, onError);
  expect(onError).toHaveBeenCalledExactlyOnceWith(error);
});

test('what an async callback rejects with goes to onError and no further', async () => {
  const error = new Error('of the user');
  const told = new Promise((resolve) => {
    callGuarded(() => Promise.reject(error), resolve);
  });
  expect(await told).toBe(error);
});

test('a callback that succeeds tells nothing', async () => {
  const onError = vi.fn<(error: unknown) => void>();
  callGuarded(() => 42, onError);
  callGuarded(async () => 42, onError);
  await Promise.resolve();
  expect(onError).not.toHaveBeenCalled();
});

test('a logger that throws or rejects harms nobody, and gets every line', async () => {
  const lines: string[] = [];
  const failing = (message: string): Promise<never> => {
    lines.push(message);
    return Promise.reject(new Error('disk full'));
  };
  const throwing = (message: string): never => {
    lines.push(message);
    throw new Error('disk full');
  };
  const users: unknown = { debug: failing, warn: throwing, error: throwing };
  const logger = guardedLogger(users as Logger);
  logger.debug('one');
  logger.warn('two');
  logger.error('three');
  await Promise.resolve();
  expect(lines).toEqual(['one', 'two', 'three']);
});

test('a recorder whose instruments throw harms nobody, and gets every value', () => {
  const values: unknown[] = [];
  const throwing =
    (name: string) =>
    (value: number): never => {
      values.push([name, value]);
      throw new Error('disk full');
    };
  const users: Recorder = {
    enabled: true,
    counter: (name) => ({ add: throwing(name) }),
    gauge: (name, unit) => ({ set: throwing(`${name} ${unit}`) }),
    histogram: (name, unit) => ({ record: throwing(`${name} ${unit}`) }),
  };
  const recorder = guardedRecorder(users);
  recorder.counter('a').add(1);
  recorder.gauge('b', 'Bytes').set(2);
  recorder.histogram('c', 'Milliseconds').record(3);
  expect(recorder.enabled).toBe(true);
  expect(values).toEqual([
    ['a', 1],
    ['b Bytes', 2],
    ['c Milliseconds', 3],
  ]);
});
