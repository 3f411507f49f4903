import type { Clock } from '@sqskit/core/clock';
import { clockRule, type OptionRules, resolveOptions } from '@sqskit/core/options';
import { LRUCache } from 'lru-cache';
import type { IdempotencyStore } from './store.ts';

export interface MemoryStoreOptions {
  /** Most keys of completed messages remembered. Default: 100,000; the least recently used is forgotten first. */
  readonly maxEntries?: number | undefined;
  /** How long a completed message is remembered. Default: 3,600,000 ms (1 h). */
  readonly ttlMs?: number | undefined;
  /** Where time comes from. Default: the machine's clock. */
  readonly clock?: Clock | undefined;
}

export const memoryStoreRules: OptionRules<MemoryStoreOptions> = {
  maxEntries: {
    kind: 'number',
    default: 100_000,
    min: 1,
    max: 10_000_000,
    doc: 'Most keys of completed messages remembered; the least recently used is forgotten first.',
  },
  ttlMs: {
    kind: 'number',
    default: 3_600_000,
    min: 1,
    max: 14 * 86_400_000,
    unit: 'ms',
    doc: 'How long a completed message is remembered. SQS keeps no message for longer than 14 days.',
  },
  clock: clockRule('Where time comes from.'),
};

interface Held {
  readonly owner: string;
  readonly expiresAt: number;
}

/**
 * Keys in this process's memory: for one process, and for tests. What is completed is bounded; a key that is held is
 * never forgotten before its lease ends, and there are no more of those than handlers run.
 */
export function memoryStore(options?: MemoryStoreOptions): IdempotencyStore {
  const { maxEntries, ttlMs, clock } = resolveOptions('memoryStore', memoryStoreRules, options);
  const held = new Map<string, Held>();
  const completed = new LRUCache<string, true>({
    max: maxEntries,
    ttl: ttlMs,
    ttlResolution: 0, // or it would set timers of its own
    perf: { now: () => clock.monotonic() + 1 }, // what is set at 0 it would keep for ever
  });
  return {
    claim(key, owner, leaseMs) {
      if (completed.get(key) === true) {
        return { status: 'completed' };
      }
      const now = clock.monotonic();
      const holder = held.get(key);
      if (holder !== undefined && holder.owner !== owner && now < holder.expiresAt) {
        return { status: 'held', forMs: holder.expiresAt - now };
      }
      held.set(key, { owner, expiresAt: now + leaseMs });
      return { status: 'claimed' };
    },
    complete(key) {
      held.delete(key);
      completed.set(key, true);
    },
    release(key, owner) {
      if (held.get(key)?.owner === owner) {
        held.delete(key);
      }
    },
  };
}
