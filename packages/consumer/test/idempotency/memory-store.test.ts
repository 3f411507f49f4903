import { createFakeClock, idempotencyStoreContract } from '@sqskit/testing';
import { describe, expect, test } from 'vitest';
import { memoryStore } from '../../src/idempotency/index.ts';

describe('the memory store', () => {
  const clock = createFakeClock();
  const store = memoryStore({ clock });
  const harness = { createStore: () => store, wait: (ms: number) => clock.advance(ms) };
  test.each(idempotencyStoreContract(harness))('$name', async ({ run }) => {
    await expect(run()).resolves.toBeUndefined();
  });
});

test('what is completed is forgotten after its time', async () => {
  const clock = createFakeClock();
  const store = memoryStore({ clock, ttlMs: 60_000 });
  store.complete('a');
  await clock.advance(59_000);
  expect(store.claim('a', 'one', 1_000)).toEqual({ status: 'completed' });
  await clock.advance(2_000);
  expect(store.claim('a', 'one', 1_000)).toEqual({ status: 'claimed' });
  expect(clock.pendingTimers).toBe(0);
});

test('more completed keys than there is room for: the least recently used is forgotten, and no key that is held', async () => {
  const store = memoryStore({ clock: createFakeClock(), maxEntries: 2 });
  const status = async (key: string, owner: string): Promise<string> =>
    (await store.claim(key, owner, 1_000)).status;
  await status('held', 'one');
  store.complete('a');
  store.complete('b');
  await status('a', 'one');
  store.complete('c');
  const all = await Promise.all(['held', 'a', 'b', 'c'].map((key) => status(key, 'other')));
  expect(all).toEqual(['held', 'completed', 'claimed', 'completed']);
});

test('wrong options are refused', () => {
  expect(() => memoryStore({ maxEntries: 0 })).toThrow(/memoryStore: expected `maxEntries`/);
  expect(() => memoryStore({ ttl: 5 } as object)).toThrow(/memoryStore: expected `ttl`/);
});
