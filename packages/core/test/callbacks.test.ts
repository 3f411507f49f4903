import { expect, test, vi } from 'vitest';
import { callGuarded, guardedLogger } from '../src/callbacks.ts';
import type { Logger } from '../src/logger.ts';

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
