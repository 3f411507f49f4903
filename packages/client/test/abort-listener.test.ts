import { expect, test } from 'vitest';
import { untilAborted } from '../src/abort-listener.ts';

test('what fails after nobody waits for it any more is no unhandled rejection', async () => {
  const unhandled: unknown[] = [];
  const note = (reason: unknown): void => void unhandled.push(reason);
  process.on('unhandledRejection', note);
  try {
    const signal = AbortSignal.abort('enough');
    const failing = Promise.reject(new Error('too late'));
    await expect(untilAborted(failing, signal)).rejects.toMatchObject({ code: 'aborted', cause: 'enough' });
    await new Promise((resolve) => setImmediate(resolve));
    expect(unhandled).toEqual([]);
  } finally {
    process.off('unhandledRejection', note);
  }
});
