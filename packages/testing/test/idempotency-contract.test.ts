import { AssertionError } from 'node:assert';
import { describe, expect, test } from 'vitest';
import {
  type ContractIdempotencyStore,
  createFakeClock,
  type FakeClock,
  idempotencyStoreContract,
} from '../src/index.ts';
import { caseNamed, titled } from './planted.ts';

type Held = { readonly owner: string; readonly expiresAt: number } | 'done';

/** A store as it should be, and the map that it keeps. */
function createStore(clock: FakeClock): {
  readonly store: ContractIdempotencyStore;
  readonly keys: Map<string, Held>;
} {
  const keys = new Map<string, Held>();
  const store: ContractIdempotencyStore = {
    claim(key, owner, leaseMs) {
      const held = keys.get(key);
      if (held === 'done') {
        return { status: 'completed' };
      }
      const now = clock.monotonic();
      if (held !== undefined && held.owner !== owner && held.expiresAt > now) {
        return { status: 'held', forMs: held.expiresAt - now };
      }
      keys.set(key, { owner, expiresAt: now + leaseMs });
      return { status: 'claimed' };
    },
    complete: (key) => void keys.set(key, 'done'),
    release(key, owner) {
      const held = keys.get(key);
      if (held !== 'done' && held?.owner === owner) {
        keys.delete(key);
      }
    },
  };
  return { store, keys };
}

type Flaw = (parts: ReturnType<typeof createStore>, clock: FakeClock) => Partial<ContractIdempotencyStore>;

function contractOf(flaw: Flaw = () => ({})) {
  const clock = createFakeClock();
  const parts = createStore(clock);
  const store = { ...parts.store, ...flaw(parts, clock) };
  return idempotencyStoreContract({ createStore: () => store, wait: (ms) => clock.advance(ms) });
}

describe('a store as it should be keeps the contract', () => {
  test.each(titled(contractOf()))('%s', async (_, run) => {
    await expect(run()).resolves.toBeUndefined();
  });
});

const flaws: readonly (readonly [flaw: string, caughtBy: string, plant: Flaw])[] = [
  [
    'gives every key to everybody',
    'gives a key to the first who claims it, and tells the others for how long',
    () => ({ claim: () => ({ status: 'claimed' }) }),
  ],
  [
    'looks first and claims later',
    'gives a key to one of those who claim it at the same time',
    ({ store, keys }) => ({
      async claim(key, owner, leaseMs) {
        const isFree = !keys.has(key);
        await Promise.resolve();
        return isFree ? { status: 'claimed' } : store.claim(key, owner, leaseMs);
      },
    }),
  ],
  [
    'holds all keys at once',
    'keeps keys apart',
    ({ store }) => ({ claim: (_key, owner, leaseMs) => store.claim('the one', owner, leaseMs) }),
  ],
  [
    'holds a key against its own owner',
    'prolongs the claim of an owner who claims again',
    ({ store, keys }) => ({
      claim: (key, owner, leaseMs) =>
        keys.has(key) && keys.get(key) !== 'done' ? { status: 'held' } : store.claim(key, owner, leaseMs),
    }),
  ],
  [
    'never ends a claim',
    'gives a key to another when the lease of its owner has ended',
    ({ store }) => ({ claim: (key, owner) => store.claim(key, owner, Number.POSITIVE_INFINITY) }),
  ],
  [
    'forgets what is completed with the lease',
    'says of a completed key that it is, to its owner too, for longer than a lease',
    ({ keys }, clock) => ({
      complete: (key) => void keys.set(key, { owner: 'nobody', expiresAt: clock.monotonic() + 1_000 }),
    }),
  ],
  [
    'completes only what is held',
    'completes a key whose claim has ended, or is of another by now',
    ({ store, keys }) => {
      const owners = new Map<string, string>();
      return {
        claim(key, owner, leaseMs) {
          const before = owners.get(key) ?? owner;
          owners.set(key, before);
          return store.claim(key, owner, leaseMs);
        },
        complete(key) {
          const held = keys.get(key);
          if (held !== 'done' && held?.owner === owners.get(key)) {
            keys.set(key, 'done');
          }
        },
      };
    },
  ],
  [
    'releases nothing',
    'gives a key that its owner released to the next',
    () => ({ release: () => undefined }),
  ],
  [
    'releases for everybody',
    'releases nothing for one who does not own the key',
    ({ keys }) => ({ release: (key) => void keys.delete(key) }),
  ],
];

describe('a store with a flaw is caught', () => {
  test.each(flaws)('one that %s', async (_flaw, caughtBy, plant) => {
    await expect(caseNamed(contractOf(plant), caughtBy).run()).rejects.toThrow(AssertionError);
  });
});
