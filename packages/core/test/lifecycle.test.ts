import { describe, expect, test, vi } from 'vitest';
import { closeOnSignal, type SignalSource } from '../src/close-on-signal.ts';
import { flushAfter } from '../src/flush-after.ts';

/** Lets every promise that can go on do so. Not time: no timer is involved. */
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

function deferred(): { readonly promise: Promise<void>; readonly resolve: () => void } {
  let resolve = (): void => undefined;
  const promise = new Promise<void>((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
}

function fakeProcess() {
  const listeners = new Map<string, Set<() => void>>();
  const killed: unknown[] = [];
  const of = (signal: string): Set<() => void> => {
    const own = listeners.get(signal) ?? new Set();
    listeners.set(signal, own);
    return own;
  };
  const source: SignalSource = {
    pid: 7,
    once: (signal, listener) => of(signal).add(listener),
    off: (signal, listener) => of(signal).delete(listener),
    kill: (pid, signal) => killed.push([pid, signal]),
  };
  return {
    source,
    killed,
    raise: (signal: string) => {
      for (const listener of of(signal)) {
        listener();
      }
    },
    listeners: () => [...listeners.values()].reduce((sum, own) => sum + own.size, 0),
  };
}

describe('closing on a signal', () => {
  test('closes at the first, then ends the process by it; a second would end it at once', async () => {
    const own = fakeProcess();
    const closing = deferred();
    const close = vi.fn<() => Promise<void>>(() => closing.promise);
    closeOnSignal(close, { process: own.source });
    expect(own.listeners()).toBe(2);
    own.raise('SIGTERM');
    expect(own.listeners()).toBe(0);
    await turn();
    expect(own.killed).toEqual([]);
    closing.resolve();
    await turn();
    expect(own.killed).toEqual([[7, 'SIGTERM']]);
    expect(close).toHaveBeenCalledOnce();
  });

  test.each([
    ['rejects', () => Promise.reject(new Error('no'))],
    [
      'throws',
      () => {
        throw new Error('no');
      },
    ],
  ])('ends the process although `close` %s, and tells', async (_, close) => {
    const own = fakeProcess();
    const errors: unknown[] = [];
    closeOnSignal(close, {
      process: own.source,
      signals: ['SIGHUP'],
      onError: (error) => errors.push(error),
    });
    own.raise('SIGHUP');
    await turn();
    expect(errors).toEqual([new Error('no')]);
    expect(own.killed).toEqual([[7, 'SIGHUP']]);
  });

  test('is refused at once where what closes is no function, not at the signal', () => {
    const own = fakeProcess();
    const consumer: unknown = { stop: async () => undefined };
    expect(() => closeOnSignal(consumer as () => Promise<void>, { process: own.source })).toThrow(
      '[option-invalid] closeOnSignal: expected `close` to be a function, such as () => consumer.stop(), received an object',
    );
    expect(() => closeOnSignal(async () => undefined, { signal: 'SIGHUP' } as object)).toThrow(
      /expected `signal`/,
    );
    expect(own.listeners()).toBe(0);
  });

  test('can be called off', () => {
    const own = fakeProcess();
    const off = closeOnSignal(async () => undefined, { process: own.source });
    off();
    expect(own.listeners()).toBe(0);
  });

  test('is by the process itself unless another is given', () => {
    const before = process.listenerCount('SIGTERM');
    const off = closeOnSignal(async () => undefined);
    expect(process.listenerCount('SIGTERM')).toBe(before + 1);
    off();
    expect(process.listenerCount('SIGTERM')).toBe(before);
  });
});

describe('flushing after a handler', () => {
  test('gives what the handler gives, once all that was sent is settled', async () => {
    const flushing = deferred();
    const handler = flushAfter(
      { flush: () => flushing.promise },
      (event: { readonly n: number }) => event.n + 1,
    );
    const done = vi.fn<(value: number) => void>();
    const handled = (async () => done(await handler({ n: 1 })))();
    await turn();
    expect(done).not.toHaveBeenCalled();
    flushing.resolve();
    await handled;
    expect(done).toHaveBeenCalledExactlyOnceWith(2);
  });

  test('flushes where the handler throws, too', async () => {
    const flush = vi.fn<() => Promise<void>>(async () => undefined);
    const handler = flushAfter({ flush }, () => {
      throw new Error('no');
    });
    await expect(handler()).rejects.toThrow('no');
    expect(flush).toHaveBeenCalledOnce();
  });
});
