import type { FaultRates } from '@sqskit/testing';
import { describe, expect, test } from 'vitest';
import { asPromised, play, type Schedule } from './schedule.ts';

const calm: FaultRates = {};
const rough: FaultRates = {
  md5Mismatches: 0.02,
  tooLargeBatches: 0.05,
  throttles: 0.1,
  unavailable: 0.05,
  entryFailures: 0.08,
  lostReplies: 0.05,
  lostRequests: 0.03,
  slowReplies: 0.05,
};
const seeds = Array.from({ length: 12 }, (_, index) => index + 1);

const scenarios: readonly (readonly [string, Omit<Schedule, 'seed'>])[] = [
  ['a calm standard queue', { fifo: false, consumers: 1, rates: calm }],
  ['a rough standard queue', { fifo: false, consumers: 1, rates: rough }],
  [
    'a rough standard queue that delivers twice',
    { fifo: false, consumers: 1, rates: { ...rough, duplicates: 0.1, staleHandles: 0.05 } },
  ],
  ['a calm FIFO queue', { fifo: true, consumers: 1, rates: calm }],
  ['a rough FIFO queue', { fifo: true, consumers: 1, rates: rough }],
  ['a standard queue with two consumers', { fifo: false, consumers: 2, rates: calm }],
  ['a FIFO queue with two consumers', { fifo: true, consumers: 2, rates: calm }],
  ['a calm standard queue of packs', { fifo: false, consumers: 1, rates: calm, packs: true }],
  ['a rough standard queue of packs', { fifo: false, consumers: 1, rates: rough, packs: true }],
  [
    'a rough standard queue of packs that delivers twice',
    { fifo: false, consumers: 2, rates: { ...rough, duplicates: 0.1, staleHandles: 0.05 }, packs: true },
  ],
  ['a rough standard queue of capped groups', { fifo: false, consumers: 1, rates: rough, perGroup: 2 }],
  [
    'a rough standard queue of packs of capped groups',
    { fifo: false, consumers: 2, rates: { ...rough, duplicates: 0.1 }, packs: true, perGroup: 3 },
  ],
  ['a rough FIFO queue of packs', { fifo: true, consumers: 1, rates: rough, packs: true }],
  ['a FIFO queue of packs with two consumers', { fifo: true, consumers: 2, rates: calm, packs: true }],
];

describe.each(scenarios)('%s', (_, scenario) => {
  test.each(seeds)('finds every promise kept in schedule %i', async (seed) => {
    expect(await play({ ...scenario, seed })).toEqual(asPromised);
  });
});
