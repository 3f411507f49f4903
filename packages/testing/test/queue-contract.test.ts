import { AssertionError } from 'node:assert';
import { describe, expect, test } from 'vitest';
import {
  createFakeClock,
  createFakeQueue,
  type QueueFeatures,
  type QueueHarness,
  queueContract,
} from '../src/index.ts';
import { caseNamed, changed, titled } from './planted.ts';
import { type Layer, queueFlaws } from './queue-flaws.ts';

const account = 'https://sqs.us-east-1.amazonaws.com/123456789012';

/** The fake queue behind a layer. */
function harness(layer: Layer = (queue) => queue, latencyMs = 0): QueueHarness {
  const clock = createFakeClock();
  return {
    settle: (promise) => clock.settle(promise),
    async createQueue({ deadLetter, fifo = false, ...options }) {
      const url = (name: string): string => `${account}/${name}${fifo ? '.fifo' : ''}`;
      const deadLetterQueue =
        deadLetter === undefined ? undefined : createFakeQueue({ clock, latencyMs, url: url('dead') });
      const queue = createFakeQueue({
        ...options,
        ...deadLetter,
        clock,
        latencyMs,
        url: url('tested'),
        deadLetterQueue,
      });
      return { queue: layer(queue, clock), deadLetterQueue };
    },
  };
}

describe('the fake queue keeps the contract', () => {
  test.each(titled(queueContract(harness())))('%s', async (_, run) => {
    await expect(run()).resolves.toBeUndefined();
  });
});

describe('the fake queue with latency keeps the contract', () => {
  test.each(titled(queueContract(harness(undefined, 40))))('%s', async (_, run) => {
    await expect(run()).resolves.toBeUndefined();
  });
});

describe('what a harness does not support', () => {
  const features: readonly (keyof QueueFeatures)[] = [
    'groupBatchReceive',
    'traceHeader',
    'groupIdOnStandard',
    'astralCharacters',
    'attributeLimit',
    'delayLimit',
    'expiredHandleOnFifo',
    'malformedHandleRefused',
    'oneWakeUp',
    'abortedReceive',
    'depthOfExpired',
  ];
  const all = queueContract(harness()).length;
  test.each(features)('%s: is not in the suite, and nothing else is missing', (feature) => {
    const without = queueContract({ ...harness(), supports: { [feature]: false } }).length;
    expect(all - without).toBe(feature === 'groupBatchReceive' ? 2 : 1);
  });
});

test('the harness is told when a case is over, also when it failed', async () => {
  let disposed = 0;
  const counting = (layer?: Layer): QueueHarness => ({
    ...harness(layer),
    async dispose() {
      disposed++;
    },
  });
  const name = 'a batch of ten is accepted, each entry under the message id that it is received with';
  await caseNamed(queueContract(counting()), name).run();
  expect(disposed).toBe(1);
  const broken: Layer = (queue) => changed(queue, { sendBatch: async () => [] });
  await expect(caseNamed(queueContract(counting(broken)), name).run()).rejects.toBeInstanceOf(AssertionError);
  expect(disposed).toBe(2);
});

describe('a queue with a flaw does not keep the contract: one that', () => {
  test.each(queueFlaws)('%s', async (_, layer, caughtBy) => {
    const { run } = caseNamed(queueContract(harness(layer)), caughtBy);
    await expect(run()).rejects.toBeInstanceOf(Error);
  });
});
