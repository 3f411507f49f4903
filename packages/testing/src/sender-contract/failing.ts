import assert from 'node:assert/strict';
import { createFaultPlan } from '../faults/fault-plan.ts';
import { scriptedFaults } from '../faults/scripted-faults.ts';
import { failures } from './delivery.ts';
import type { SenderCase } from './sender-case.ts';
import { type Trial, texts } from './trial.ts';

/** How often each text was sent. */
async function sendings(trial: Trial): Promise<Map<string, number>> {
  const counts = new Map<string, number>();
  for (const { entries } of trial.calls) {
    for (const text of (await Promise.all(entries.map((entry) => trial.textsOf(entry)))).flat()) {
      counts.set(text, (counts.get(text) ?? 0) + 1);
    }
  }
  return counts;
}

const outages = [
  ['throttled', { kind: 'throttle' }],
  ['answered with 503', { kind: 'unavailable' }],
] as const;

export const failingCases: readonly SenderCase[] = [
  {
    name: 'an entry that failed is sent again alone, and its batch is not',
    async run(start) {
      const faults = scriptedFaults().failNext('sendBatch', { kind: 'entry-failure', positions: [0] });
      const trial = start({ faults });
      const offers = texts(10).map((text) => trial.offer(text));
      await trial.settleAll(offers);
      assert.deepEqual(failures(offers), []);
      const failed = new Set(await trial.textsOf(trial.calls[0]?.entries[0] ?? { body: '' }));
      assert.ok(failed.size > 0, 'the first call has a first entry');
      const counts = await sendings(trial);
      for (const { text, receipt } of offers) {
        const times = failed.has(text) ? 2 : 1;
        assert.equal(counts.get(text), times, `${text} is sent ${times} times`);
        assert.equal(receipt?.attempts, times, 'the receipt counts the attempts');
      }
      await trial.end();
    },
  },
  {
    name: 'an entry that SQS refuses for good fails alone, and is not sent again',
    async run(start) {
      const faults = scriptedFaults().failNext('sendBatch', { kind: 'entry-rejection', positions: [0] });
      const trial = start({ faults });
      const offers = texts(10).map((text) => trial.offer(text));
      await trial.settleAll(offers);
      const refused = new Set(await trial.textsOf(trial.calls[0]?.entries[0] ?? { body: '' }));
      for (const { text, error } of offers) {
        assert.equal(error?.outcome, refused.has(text) ? 'rejected' : undefined);
      }
      const counts = await sendings(trial);
      assert.ok(
        [...counts.values()].every((count) => count === 1),
        'nothing is sent twice',
      );
      await trial.end();
    },
  },
  ...outages.map(
    ([what, fault]): SenderCase => ({
      name: `calls that are ${what} are made again until they succeed`,
      async run(start) {
        const faults = scriptedFaults().failNext('sendBatch', fault, { times: 3 });
        const trial = start({ faults });
        const offers = texts(25).map((text) => trial.offer(text));
        await trial.settleAll(offers);
        assert.deepEqual(failures(offers), []);
        assert.equal(faults.pending, 0, 'the faults took place');
        const accepted = await trial.acceptedTexts();
        assert.equal(accepted.length, new Set(accepted).size, 'each once');
        await trial.end();
      },
    }),
  ),
  {
    name: 'a call that is refused for good fails its messages at once',
    async run(start) {
      const denied = { kind: 'service-error', awsCode: 'AccessDenied', httpStatus: 403 } as const;
      const faults = scriptedFaults().failNext('sendBatch', denied, { times: Number.POSITIVE_INFINITY });
      const trial = start({ faults });
      const offer = trial.offer('hello');
      await trial.settle(offer.settled, 5_000);
      assert.equal(offer.error?.outcome, 'rejected');
      await trial.end();
    },
  },
  {
    name: 'a message whose call was never answered gets a receipt in the end, or an error that says unknown',
    async run(start) {
      for (const kind of ['lost-reply', 'lost-request'] as const) {
        const faults = scriptedFaults().failNext('sendBatch', { kind, timeoutMs: 1_000 }, { times: 2 });
        const trial = start({ faults });
        const offers = texts(5).map((text) => trial.offer(text));
        await trial.settleAll(offers);
        for (const { error } of offers) {
          assert.ok(error === undefined || error.outcome === 'unknown', `${kind}: not said to be rejected`);
        }
        await trial.end();
      }
    },
  },
  {
    name: 'a message is given up at its deadline, however long the queue is out of order',
    async run(start) {
      const outage = { times: Number.POSITIVE_INFINITY };
      const faults = scriptedFaults().failNext('sendBatch', { kind: 'unavailable' }, outage);
      const trial = start({ faults });
      const brief = trial.offer('brief', {}, { deadlineMs: 3_000 });
      const patient = trial.offer('patient', {}, { deadlineMs: 60_000 });
      await trial.settle(brief.settled, 3_500);
      assert.ok(brief.error !== undefined, 'it fails');
      assert.ok(patient.error === undefined, 'the other has its own deadline');
      faults.clear();
      await trial.settleAll([patient]);
      assert.equal(patient.error, undefined);
      await trial.end();
    },
  },
  {
    name: 'a message whose signal has aborted is not sent',
    async run(start) {
      const trial = start();
      const reason = new Error('enough');
      const aborted = trial.offer('never', {}, { signal: AbortSignal.abort(reason) });
      const sent = trial.offer('sent');
      await trial.settleAll([aborted, sent]);
      assert.equal(aborted.error?.code, 'aborted');
      assert.equal(aborted.error?.outcome, 'rejected');
      assert.equal(aborted.error?.cause, reason, 'the cause is the signal’s reason');
      assert.deepEqual(await trial.acceptedTexts(), ['sent']);
      await trial.end();
    },
  },
  {
    name: 'a message that is aborted while it waits for room was not sent',
    async run(start) {
      const trial = start({ maxMessages: 20, latencyMs: 20_000 });
      const stop = new AbortController();
      const held = texts(20).map((text) => trial.offer(text));
      const waiting = trial.offer('waiting', {}, { signal: stop.signal });
      await trial.untilCalls(1);
      stop.abort();
      await trial.settle(waiting.settled, 1_000);
      assert.equal(waiting.error?.code, 'aborted');
      assert.equal(waiting.error?.outcome, 'rejected');
      await trial.settleAll(held);
      assert.deepEqual(failures(held), [], 'the others are accepted');
      await trial.end();
    },
  },
  {
    name: 'a message that is aborted while its call is under way may have been sent',
    async run(start) {
      const trial = start({ latencyMs: 1_000 });
      const stop = new AbortController();
      const reason = new Error('enough');
      const offer = trial.offer('on its way', {}, { signal: stop.signal });
      await trial.untilCalls(1);
      stop.abort(reason);
      await trial.settle(offer.settled, 100);
      assert.equal(offer.error?.code, 'aborted');
      assert.equal(offer.error?.outcome, 'unknown');
      assert.equal(offer.error?.cause, reason, 'the cause is the signal’s reason');
      await trial.end();
    },
  },
  ...[1, 2, 3].map(
    (seed): SenderCase => ({
      name: `whatever goes wrong, every promise settles and tells the truth (${seed})`,
      async run(start) {
        const rates = {
          entryFailures: 0.1,
          entryRejections: 0.02,
          throttles: 0.05,
          unavailable: 0.05,
          lostReplies: 0.05,
          lostRequests: 0.05,
          slowReplies: 0.2,
        };
        const faults = createFaultPlan({ seed, rates, timeoutMs: 1_000, slowReplyMs: 500 });
        const trial = start({ faults });
        const offers = [];
        for (const text of texts(300)) {
          offers.push(trial.offer(text));
          if (offers.length % 40 === 0) {
            await trial.clock.advance(20);
          }
        }
        await trial.settleAll(offers);
        const sent = offers.filter(({ receipt }) => receipt !== undefined).length;
        assert.ok(sent >= 200, `most messages are accepted in spite of all, not ${sent} of 300`);
        await trial.end();
      },
    }),
  ),
];
