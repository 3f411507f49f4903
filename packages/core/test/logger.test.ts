import { expect, test, vi } from 'vitest';
import { type Logger, silentLogger } from '../src/logger.ts';

test('the silent logger writes nothing', () => {
  const methods = ['debug', 'warn', 'error', 'log', 'info'] as const;
  const spies = methods.map((method) => vi.spyOn(console, method));
  const streams = [vi.spyOn(process.stdout, 'write'), vi.spyOn(process.stderr, 'write')];
  silentLogger.debug('a', { id: 1 });
  silentLogger.warn('b');
  silentLogger.error('c', { cause: new Error('d') });
  for (const spy of [...spies, ...streams]) {
    expect(spy).not.toHaveBeenCalled();
    spy.mockRestore();
  }
});

test('console is a logger', () => {
  const logger: Logger = console;
  const warn = vi.spyOn(console, 'warn').mockImplementation(() => undefined);
  logger.warn('slow', { elapsedMs: 12 });
  expect(warn).toHaveBeenCalledExactlyOnceWith('slow', { elapsedMs: 12 });
  warn.mockRestore();
});
