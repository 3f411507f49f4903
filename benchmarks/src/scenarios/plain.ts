import {
  batchesInTurn,
  oneByOne,
  parallelBatches,
  sqskit,
  sqskitLean,
  sqsProducer,
  squissTs,
} from '../contenders/all.ts';
import { kilobytes } from '../data.ts';
import type { Scenario } from './scenario.ts';
import { billedColumn, cpuColumn, rateColumn, sendingCase, serverCpuColumn } from './sending.ts';

export const plain: Scenario = {
  name: 'plain',
  title: 'Sending 1 KB messages',
  about:
    'Each message is an object of 1,024 bytes as JSON, which the contender turns into text itself. Every contender sends the same messages, all but one over the AWS SDK, to a server that answers after 10 ms.',
  latencyMs: 10,
  full: { rounds: 5, messages: 8_000, warmUp: 30_000 },
  quick: { rounds: 1, messages: 3_000, warmUp: 4_000 },
  columns: [
    rateColumn,
    cpuColumn,
    { figure: 'requests', title: 'requests/message', digits: 3 },
    billedColumn,
    serverCpuColumn,
  ],
  cases: [
    sendingCase(sqskit, kilobytes),
    sendingCase(sqskitLean, kilobytes, { isSlow: true }), // quickly these are measured by the next scenario alone
    sendingCase(squissTs, kilobytes, { isSlow: true }),
    ...parallelBatches.map((contender) => sendingCase(contender, kilobytes, { isSlow: true })),
    sendingCase(sqsProducer, kilobytes, { maxRounds: 2 }),
    sendingCase(batchesInTurn, kilobytes, { maxRounds: 1, isSlow: true }),
    sendingCase(oneByOne, kilobytes, { maxRounds: 1, isSlow: true }),
  ],
};

/** The better of the hand-written pools: quickly, the other is left out. */
const best = parallelBatches.at(-1);

/** Of those that are fast: the others would take minutes. */
export const sustained: Scenario = {
  name: 'sustained',
  title: 'Sending 1 KB messages for long',
  about:
    'The same messages from those that are fast enough, more of them and after a longer warm-up: what a message costs a service that has run for a while, with its code compiled and its connections open.',
  latencyMs: 10,
  full: { rounds: 3, messages: 120_000, warmUp: 120_000 },
  quick: { rounds: 1, messages: 8_000, warmUp: 6_000 },
  columns: plain.columns,
  cases: [
    sendingCase(sqskit, kilobytes),
    sendingCase(sqskitLean, kilobytes),
    sendingCase(squissTs, kilobytes),
    ...parallelBatches.map((contender) => sendingCase(contender, kilobytes, { isSlow: contender !== best })),
  ],
};
