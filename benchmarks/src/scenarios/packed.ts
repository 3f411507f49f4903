import {
  parallelBatches,
  sqskit,
  sqskitPacked,
  sqskitPackedLean,
  sqskitTraced,
  sqsProducer,
  squissTs,
} from '../contenders/all.ts';
import { earthquakes, variedOrders } from '../data.ts';
import type { Column, Scenario } from './scenario.ts';
import { billedColumn, cpuColumn, rateColumn, sendingCase, serverCpuColumn } from './sending.ts';

const columns: readonly Column[] = [
  rateColumn,
  cpuColumn,
  billedColumn,
  { figure: 'bytes', title: 'bytes/message', digits: 0 },
  serverCpuColumn,
];

/** The same events from every contender, as fast as it can; ours packed, and in batches of ten. */
export const packedEarthquakes: Scenario = {
  name: 'packed',
  title: 'Packing earthquakes',
  about:
    'The events of the earthquake feed, 712 bytes each on average and much alike, as fast as each contender can send them to a server that answers after 10 ms. Packed, many messages share one SQS message; each still has its own promise. Bytes are those that SQS counts.',
  latencyMs: 10,
  full: { rounds: 3, messages: 50_000, warmUp: 60_000 },
  quick: { rounds: 1, messages: 6_000, warmUp: 3_000 },
  columns,
  cases: [
    sendingCase(sqskitPacked, earthquakes),
    sendingCase(sqskitPackedLean, earthquakes),
    sendingCase(sqskitTraced, earthquakes),
    sendingCase(sqskit, earthquakes),
    sendingCase(squissTs, earthquakes),
    ...parallelBatches.map((contender) => sendingCase(contender, earthquakes, { isSlow: true })),
    sendingCase(sqsProducer, earthquakes, { maxRounds: 1, isSlow: true }),
  ],
};

/**
 * A pack holds some five hundred: it takes so many messages until there have been calls enough to compile their code. And the
 * fastest are done with 300,000 in two seconds, in which the heap still grows.
 */
export const packedSustained: Scenario = {
  name: 'packed-sustained',
  title: 'Packing earthquakes for long',
  about:
    'The same events, more of them and after a longer warm-up: what a message costs a service that has run for a while.',
  latencyMs: 10,
  full: { rounds: 3, messages: 1_000_000, warmUp: 300_000 },
  quick: { rounds: 1, messages: 20_000, warmUp: 20_000 },
  columns,
  cases: [
    sendingCase(sqskitPacked, earthquakes),
    sendingCase(sqskitPackedLean, earthquakes),
    sendingCase(squissTs, earthquakes),
  ],
};

export const packedOrders: Scenario = {
  name: 'packed-varied',
  title: 'Packing what has little in common',
  about:
    'The same with orders of 710 bytes that are made of UUIDs, random keys, amounts and text of random words: about the least that packing gains on JSON.',
  latencyMs: 10,
  full: { rounds: 2, messages: 20_000, warmUp: 40_000 },
  quick: { rounds: 1, messages: 5_000, warmUp: 4_000 },
  columns,
  cases: [
    sendingCase(sqskitPacked, variedOrders),
    sendingCase(sqskit, variedOrders),
    sendingCase(squissTs, variedOrders),
    ...parallelBatches.map((contender) => sendingCase(contender, variedOrders, { isSlow: true })),
  ],
};
