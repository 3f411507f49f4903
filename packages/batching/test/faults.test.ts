import { payloadBytes, type Queue, type SendOutcome, type SendReceipt } from '@sqskit/core';
import {
  createFakeClock,
  createFakeQueue,
  createFaultPlan,
  createLedger,
  createRandom,
  type FaultRates,
  type Ledger,
} from '@sqskit/testing';
import { describe, expect, test } from 'vitest';
import { createProducer } from '../src/index.ts';
import { slowEnvelope } from './slow-envelope.ts';

const calm: FaultRates = {};
const rough: FaultRates = {
  entryFailures: 0.1,
  entryRejections: 0.02,
  throttles: 0.05,
  unavailable: 0.05,
  lostReplies: 0.05,
  lostRequests: 0.05,
  slowReplies: 0.2,
};
const stormy: FaultRates = {
  ...rough,
  entryFailures: 0.4,
  throttles: 0.3,
  unavailable: 0.2,
  lostReplies: 0.15,
};

/** A message of a run: what was asked of it, and what became of it. */
interface Offered {
  readonly body: string;
  readonly groupId: string;
  receipt: SendReceipt | undefined;
  /** Calls it was in. */
  times: number;
  /** Whether the producer was told that it is accepted. */
  isAccepted: boolean;
  isSentAgain: boolean;
}

interface Run {
  readonly ledger: Ledger;
  readonly offered: readonly Offered[];
  /** Bodies in the order of acceptance. */
  readonly accepted: readonly string[];
  readonly mostInFlight: number;
  readonly mostBuffered: number;
  readonly illegalBatches: number;
  readonly timersLeft: number;
  readonly stats: unknown;
  readonly callsAfterClose: number;
}

const limits = { maxConcurrency: 4, maxBufferedMessages: 40, maxBatchBytes: 4_096 } as const;
const messageCount = 80;

/** One run from a seed: everything that can go wrong does, and messages are brief, patient and aborted at random. */
async function run(seed: number, fifo: boolean, rates: FaultRates): Promise<Run> {
  const clock = createFakeClock();
  const random = createRandom(seed);
  const faults = createFaultPlan({ seed, rates, timeoutMs: 1_000, slowReplyMs: 800 });
  const fake = createFakeQueue({ clock, fifo, latencyMs: 10, faults });
  const offered: Offered[] = [];
  const byBody = new Map<string, Offered>();
  const ledger = createLedger();
  let [inFlight, mostInFlight, mostBuffered, illegalBatches] = [0, 0, 0, 0];

  const note = (body: string, outcome: SendOutcome | undefined): void => {
    const one = byBody.get(body);
    if (one !== undefined) {
      one.isAccepted ||= outcome?.ok === true;
    }
  };
  const watched: Pick<Queue, 'sendBatch'> = {
    async sendBatch(entries, options) {
      const bytes = entries.reduce((sum, entry) => sum + payloadBytes(entry), 0);
      illegalBatches += entries.length > 10 || bytes > limits.maxBatchBytes ? 1 : 0;
      for (const { body } of entries) {
        const one = byBody.get(body);
        if (one !== undefined) {
          one.times++;
          one.isSentAgain ||= one.isAccepted;
        }
      }
      inFlight++;
      mostInFlight = Math.max(mostInFlight, inFlight);
      const outcomes = await fake.sendBatch(entries, options);
      inFlight--;
      entries.forEach(({ body }, index) => {
        note(body, outcomes[index]);
      });
      return outcomes;
    },
  };
  const queue = new Proxy<Queue>(fake, {
    get: (target, name) => (name === 'sendBatch' ? watched.sendBatch : Reflect.get(target, name, target)),
  });
  const producer = createProducer<string>(queue, {
    clock,
    random,
    lingerMs: 5,
    deadlineMs: 120_000,
    maxConcurrency: limits.maxConcurrency,
    maxBufferedMessages: limits.maxBufferedMessages,
    maxMessageBytes: limits.maxBatchBytes,
    codec: { encode: (value) => value, decode: String },
    ...(seed % 3 === 0 ? { envelope: slowEnvelope(clock, () => random() * 30) } : {}),
  });

  const settled: Promise<void>[] = [];
  for (let index = 0; index < messageCount; index++) {
    const stop = new AbortController();
    const groupId = `g${Math.floor(random() * 5)}`;
    const body = `${index}:${'x'.repeat(Math.floor(random() * 900))}`;
    const one: Offered = {
      body,
      groupId,
      receipt: undefined,
      times: 0,
      isAccepted: false,
      isSentAgain: false,
    };
    offered.push(one);
    byBody.set(body, one);
    const receipt = producer.send(
      { body, groupId },
      { signal: stop.signal, deadlineMs: random() < 0.1 ? 1 + random() * 3_000 : undefined },
    );
    settled.push(
      ledger.offered(body, receipt).then(
        (value) => {
          one.receipt = value;
        },
        () => undefined,
      ),
    );
    if (random() < 0.05) {
      clock.setTimer(() => stop.abort(), random() * 2_000);
    }
    mostBuffered = Math.max(mostBuffered, producer.stats().bufferedMessages);
    if (random() < 0.3) {
      await clock.advance(random() * 30);
    }
  }
  await clock.settle(Promise.all(settled));
  await clock.settle(producer.close());
  const calls = fake.calls.length;
  await clock.advance(600_000);
  for (const { body } of fake.messages()) {
    ledger.left(body);
  }
  return {
    ledger,
    offered,
    accepted: fake.accepted.map(({ body }) => body),
    mostInFlight,
    mostBuffered,
    illegalBatches,
    timersLeft: clock.pendingTimers,
    stats: producer.stats(),
    callsAfterClose: fake.calls.length - calls,
  };
}

/** What is wrong with a run; empty where nothing is. */
function faultsOf({ ledger, offered, accepted, ...rest }: Run, fifo: boolean): readonly string[] {
  const { pending, lost, unaccountable } = ledger.report();
  const wrong: string[] = [];
  const complain = (what: string, is: boolean): void => {
    if (is) {
      wrong.push(what);
    }
  };
  for (const { body, receipt, times, isSentAgain } of offered) {
    const name = body.slice(0, body.indexOf(':'));
    complain(`${name} was sent again after it was accepted`, isSentAgain);
    complain(
      `${name} was sent ${times} times, not ${receipt?.attempts}`,
      receipt !== undefined && receipt.attempts !== times,
    );
  }
  if (fifo) {
    const groupOf = new Map(offered.map(({ body, groupId }) => [body, groupId]));
    for (const group of new Set(groupOf.values())) {
      const indices = accepted
        .filter((body) => groupOf.get(body) === group)
        .map((body) => Number.parseInt(body, 10));
      complain(
        `${group} is out of order: ${indices.join()}`,
        indices.some((index, at) => index <= (indices[at - 1] ?? -1)),
      );
    }
  }
  complain(`never settled: ${pending.join()}`, pending.length > 0);
  complain(`lost: ${lost.join()}`, lost.length > 0);
  complain(`accepted though rejected: ${unaccountable.join()}`, unaccountable.length > 0);
  complain(`${rest.mostInFlight} batches in flight`, rest.mostInFlight > limits.maxConcurrency);
  complain(`${rest.mostBuffered} messages in the buffer`, rest.mostBuffered > limits.maxBufferedMessages);
  complain('a batch that SQS would refuse', rest.illegalBatches > 0);
  complain('a timer is left', rest.timersLeft > 0);
  complain('a call after close', rest.callsAfterClose > 0);
  return wrong;
}

const weathers = [
  ['calm', calm, 20],
  ['rough', rough, 100],
  ['stormy', stormy, 40],
] as const;

describe.each([
  ['a standard queue', false],
  ['a FIFO queue', true],
] as const)('on %s', (_, fifo) => {
  test.each(weathers)(
    'in %s weather: every promise settles truly, nothing is lost, repeated, reordered or left',
    async (_weather, rates, seeds) => {
      const wrong: string[] = [];
      for (let seed = 1; seed <= seeds; seed++) {
        const result = await run(seed, fifo, rates);
        wrong.push(...faultsOf(result, fifo).map((what) => `seed ${seed}: ${what}`));
        expect(result.stats).toMatchObject({
          bufferedMessages: 0,
          bufferedBytes: 0,
          waitingMessages: 0,
          waitingBytes: 0,
          sent: result.ledger.report().sent.length,
          failed: messageCount - result.ledger.report().sent.length,
        });
      }
      expect(wrong).toEqual([]);
    },
  );
});

test('retries cost what they must: with one entry in ten failing, at most 2 % more than n / 0.9 entries are sent', async () => {
  const clock = createFakeClock();
  const faults = createFaultPlan({ seed: 5, rates: { entryFailures: 0.1 } });
  const queue = createFakeQueue({ clock, latencyMs: 10, faults });
  const producer = createProducer<number>(queue, { clock, random: createRandom(5) });
  const count = 5_000;
  await clock.settle(Promise.all(Array.from({ length: count }, (_, body) => producer.send({ body }))));
  const { batches, meanFill, retriedEntries } = producer.stats();
  const entries = Math.round(batches * meanFill);
  expect(entries).toBe(count + retriedEntries);
  expect(entries).toBeLessThanOrEqual((1.02 * count) / 0.9);
  expect(queue.accepted.length).toBe(count);
});
