import assert from 'node:assert/strict';
import { createFaultPlan } from '../faults/fault-plan.ts';
import { scriptedFaults } from '../faults/scripted-faults.ts';
import { failures } from './delivery.ts';
import type { SenderCase } from './sender-case.ts';
import { type Offer, type Trial, texts } from './trial.ts';

/** Sends texts to groups in turn. */
function offerToGroups(trial: Trial, sent: readonly string[], groups: number): Offer[] {
  return sent.map((text, index) =>
    trial.offer(text, { groupId: `group-${index % groups}`, deduplicationId: `d-${index}` }),
  );
}

async function assertOrdered(trial: Trial, sent: readonly string[], groups: number): Promise<void> {
  const accepted = await trial.acceptedTexts();
  const place = new Map(sent.map((text, index) => [text, index]));
  for (let group = 0; group < groups; group++) {
    const indices = accepted.map((text) => place.get(text) ?? -1).filter((index) => index % groups === group);
    assert.deepEqual(
      indices,
      indices.toSorted((one, other) => one - other),
      'the messages of a group are accepted in the order in which they were sent',
    );
  }
  assert.equal(new Set(accepted).size, accepted.length, 'no message is accepted twice');
}

export const fifoCases: readonly SenderCase[] = [
  {
    name: 'FIFO: messages of a group are accepted in the order in which they were sent',
    async run(start) {
      const trial = start({ fifo: true });
      const sent = texts(60);
      const offers = offerToGroups(trial, sent, 3);
      await trial.settleAll(offers);
      assert.deepEqual(failures(offers), []);
      assert.ok(
        offers.every(({ receipt }) => receipt?.sequenceNumber !== undefined),
        'each has a number',
      );
      await assertOrdered(trial, sent, 3);
      await trial.end();
    },
  },
  {
    name: 'FIFO: a message that failed holds up the rest of its group',
    async run(start) {
      const faults = scriptedFaults().failNext('sendBatch', { kind: 'entry-failure' }, { times: 3 });
      const trial = start({ fifo: true, faults });
      const sent = texts(12);
      const offers = offerToGroups(trial, sent, 2);
      await trial.settleAll(offers);
      assert.deepEqual(failures(offers), []);
      await assertOrdered(trial, sent, 2);
      await trial.end();
    },
  },
  ...[1, 2, 3].map(
    (seed): SenderCase => ({
      name: `FIFO: order holds, and nothing is accepted twice, whatever goes wrong (${seed})`,
      async run(start) {
        const rates = {
          entryFailures: 0.15,
          throttles: 0.05,
          unavailable: 0.05,
          lostReplies: 0.1,
          lostRequests: 0.05,
          slowReplies: 0.3,
        };
        const faults = createFaultPlan({ seed, rates, timeoutMs: 500, slowReplyMs: 500 });
        const trial = start({ fifo: true, faults });
        const sent = texts(80);
        const offers = offerToGroups(trial, sent, 5);
        await trial.settleAll(offers);
        assert.deepEqual(failures(offers), [], 'every message is accepted in the end');
        await assertOrdered(trial, sent, 5);
        await trial.end();
      },
    }),
  ),
  {
    name: 'FIFO: a message without a group fails alone, and certainly',
    async run(start) {
      const trial = start({ fifo: true });
      const good = offerToGroups(trial, texts(4), 2);
      const invalid = trial.offer('no group', { deduplicationId: 'x' });
      await trial.settleAll([...good, invalid]);
      assert.equal(invalid.error?.outcome, 'rejected');
      assert.deepEqual(failures(good), []);
      await trial.end();
    },
  },
];
