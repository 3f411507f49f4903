import assert from 'node:assert/strict';
import type { ContractCase } from './contract.ts';

/** The idempotency store of `@sqskit/consumer/idempotency`, as the suite sees it. */
export interface ContractIdempotencyStore {
  claim(key: string, owner: string, leaseMs: number): ContractClaim | Promise<ContractClaim>;
  complete(key: string): unknown;
  release(key: string, owner: string): unknown;
}

export interface ContractClaim {
  readonly status: 'claimed' | 'completed' | 'held';
  readonly forMs?: number | undefined;
}

/** How the suite reaches an implementation of an idempotency store. */
export interface IdempotencyStoreHarness {
  /** A store that several processes share: of one that is in memory always the same. */
  createStore(): ContractIdempotencyStore | Promise<ContractIdempotencyStore>;
  /** Lets so much time pass for the store. */
  wait(ms: number): Promise<void>;
  /** A lease that the store can tell from none. Default: 1,000 ms. */
  readonly leaseMs?: number | undefined;
}

/** What every idempotency store does. */
export function idempotencyStoreContract(harness: IdempotencyStoreHarness): readonly ContractCase[] {
  const { leaseMs = 1_000 } = harness;
  let keys = 0;
  const test = (
    name: string,
    check: (store: ContractIdempotencyStore, key: string) => Promise<void>,
  ): ContractCase => ({
    name,
    run: async () => check(await harness.createStore(), `sqskit-contract-${Date.now()}-${keys++}`),
  });
  const status = async (store: ContractIdempotencyStore, key: string, owner: string): Promise<string> =>
    (await store.claim(key, owner, leaseMs)).status;

  return [
    test('gives a key to the first who claims it, and tells the others for how long', async (store, key) => {
      assert.equal(await status(store, key, 'one'), 'claimed');
      const { status: second, forMs } = await store.claim(key, 'other', leaseMs);
      assert.equal(second, 'held');
      assert.ok(forMs === undefined || (forMs >= 0 && forMs <= leaseMs), 'for no longer than the lease');
    }),
    test('gives a key to one of those who claim it at the same time', async (store, key) => {
      const owners = Array.from({ length: 10 }, (_, at) => `owner ${at}`);
      const given = await Promise.all(owners.map((owner) => status(store, key, owner)));
      assert.equal(given.filter((one) => one === 'claimed').length, 1);
    }),
    test('keeps keys apart', async (store, key) => {
      assert.equal(await status(store, `${key}-a`, 'one'), 'claimed');
      assert.equal(await status(store, `${key}-b`, 'other'), 'claimed');
    }),
    test('prolongs the claim of an owner who claims again', async (store, key) => {
      await status(store, key, 'one');
      await harness.wait(leaseMs / 2);
      assert.equal(await status(store, key, 'one'), 'claimed');
      await harness.wait((leaseMs * 3) / 4);
      assert.equal(await status(store, key, 'other'), 'held');
    }),
    test('gives a key to another when the lease of its owner has ended', async (store, key) => {
      await status(store, key, 'one');
      await harness.wait(leaseMs * 1.5);
      assert.equal(await status(store, key, 'other'), 'claimed');
      assert.equal(await status(store, key, 'one'), 'held');
    }),
    test('says of a completed key that it is, to its owner too, for longer than a lease', async (store, key) => {
      await status(store, key, 'one');
      await store.complete(key);
      assert.equal(await status(store, key, 'other'), 'completed');
      await harness.wait(leaseMs * 1.5);
      assert.equal(await status(store, key, 'one'), 'completed');
    }),
    test('completes a key whose claim has ended, or is of another by now', async (store, key) => {
      await status(store, key, 'one');
      await harness.wait(leaseMs * 1.5);
      await status(store, key, 'other');
      await store.complete(key);
      assert.equal(await status(store, key, 'third'), 'completed');
    }),
    test('gives a key that its owner released to the next', async (store, key) => {
      await status(store, key, 'one');
      await store.release(key, 'one');
      assert.equal(await status(store, key, 'other'), 'claimed');
    }),
    test('releases nothing for one who does not own the key', async (store, key) => {
      await status(store, key, 'one');
      await store.release(key, 'other');
      assert.equal(await status(store, key, 'other'), 'held');
      await store.complete(key);
      await store.release(key, 'one');
      assert.equal(await status(store, key, 'other'), 'completed');
      await store.release(`${key}-never-claimed`, 'one');
    }),
  ];
}
