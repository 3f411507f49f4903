import assert from 'node:assert/strict';
import { sendAll } from '@sqskit/core';
import { noise } from '../noise.ts';
import type { SenderCase } from './sender-case.ts';
import { type Offer, texts } from './trial.ts';

export const deliveryCases: readonly SenderCase[] = [
  {
    name: 'a message is accepted, and the receipt says as what and where',
    async run(start) {
      const trial = start();
      const offer = trial.offer('hello', { id: 'mine' });
      await trial.settleAll([offer]);
      assert.deepEqual(offer.receipt, {
        id: 'mine',
        messageId: trial.queue.accepted[0]?.messageId,
        sequenceNumber: undefined,
        queueUrl: trial.queue.url,
        attempts: 1,
      });
      assert.deepEqual(await trial.acceptedTexts(), ['hello']);
      await trial.end();
    },
  },
  {
    name: 'messages without an id get one each',
    async run(start) {
      const trial = start();
      const offers = texts(30).map((text) => trial.offer(text));
      await trial.settleAll(offers);
      const ids = new Set(offers.map(({ receipt }) => receipt?.id));
      assert.equal(ids.size, 30, 'each message has an id of its own');
      assert.ok(!ids.has(undefined) && !ids.has(''), 'every message has an id');
      await trial.end();
    },
  },
  {
    name: 'what belongs to a message travels with it',
    async run(start) {
      const trial = start();
      const rest = {
        groupId: 'tenant-1',
        traceHeader: 'Root=1-5759e988-bd862e3fe1be46a994272793',
        delayMs: 5_000,
        attributes: { kind: { type: 'String', value: 'greeting' } },
      } as const;
      const offers = [trial.offer('with all', rest), trial.offer('bare')];
      await trial.settleAll(offers);
      const found = trial.queue.messages().map(({ groupId, traceHeader, state, attributes }) => ({
        groupId,
        traceHeader,
        state,
        kind: attributes['kind']?.value,
      }));
      const byState = found.toSorted((one, other) => one.state.localeCompare(other.state));
      assert.deepEqual(byState, [
        { groupId: 'tenant-1', traceHeader: rest.traceHeader, state: 'delayed', kind: 'greeting' },
        { groupId: undefined, traceHeader: undefined, state: 'visible', kind: undefined },
      ]);
      await trial.end();
    },
  },
  {
    name: 'messages sent together share batches, and every one is accepted once',
    async run(start) {
      const trial = start();
      const sent = texts(100);
      const offers = sent.map((text) => trial.offer(text));
      await trial.settleAll(offers);
      assert.deepEqual((await trial.acceptedTexts()).toSorted(), sent.toSorted());
      assert.ok(trial.calls.length <= 50, `100 messages share batches, not ${trial.calls.length} calls`);
      await trial.end();
    },
  },
  {
    name: 'large messages share a batch only as far as SQS allows',
    async run(start) {
      const trial = start();
      const offers = texts(10).map((text, index) => trial.offer(`${text} ${noise(300_000, index)}`));
      await trial.settleAll(offers);
      assert.deepEqual(failures(offers), [], 'all of them are accepted');
      await trial.end(); // which checks the size of each batch
    },
  },
  {
    name: 'a message that is too large fails alone, and certainly',
    async run(start) {
      const trial = start();
      const good = texts(5).map((text) => trial.offer(text));
      const tooLarge = trial.offer(noise(3_000_000, 1));
      const more = texts(5, 'more').map((text) => trial.offer(text));
      await trial.settleAll([...good, tooLarge, ...more]);
      assert.equal(tooLarge.error?.outcome, 'rejected');
      assert.deepEqual(failures([...good, ...more]), [], 'the others are accepted');
      await trial.end();
    },
  },
  {
    name: 'a message that SQS does not take fails alone, and certainly',
    async run(start) {
      const trial = start();
      const good = texts(5).map((text) => trial.offer(text));
      const invalid = trial.offer('bad attribute', {
        attributes: { 'not a name!': { type: 'String', value: 'x' } },
      });
      const late = trial.offer('bad delay', { delayMs: 10_000_000 });
      await trial.settleAll([...good, invalid, late]);
      assert.equal(invalid.error?.outcome, 'rejected');
      assert.equal(late.error?.outcome, 'rejected');
      assert.deepEqual(failures(good), [], 'the others are accepted');
      await trial.end();
    },
  },
  {
    name: 'flush resolves when everything so far is settled, without lingering',
    async run(start) {
      const trial = start();
      const offers = texts(25).map((text) => trial.offer(text));
      await trial.settle(trial.sender.flush(), 1_000);
      assert.equal(offers.filter(({ receipt }) => receipt !== undefined).length, 25, 'all are settled');
      await trial.settle(trial.sender.flush(), 1_000); // with nothing to do
      await trial.end();
    },
  },
  {
    name: 'trySend gives undefined while the sender is full, and takes messages again when there is room',
    async run(start) {
      const trial = start({ maxMessages: 20, latencyMs: 1_000 });
      const taken: Offer[] = [];
      for (const text of texts(1_000)) {
        const offer = trial.tryOffer(text);
        if (offer === undefined) {
          break;
        }
        taken.push(offer);
      }
      assert.ok(taken.length >= 1 && taken.length <= 20, `20 messages fit, not ${taken.length}`);
      await trial.settleAll(taken);
      assert.deepEqual(failures(taken), [], 'what was taken is accepted');
      const later = trial.tryOffer('later');
      assert.ok(later !== undefined, 'there is room again');
      await trial.settleAll([later]);
      await trial.end();
    },
  },
  {
    name: 'send waits while the sender is full; sendAll goes at its pace',
    async run(start) {
      const trial = start({ maxMessages: 20, latencyMs: 1_000 });
      const waiting = texts(60).map((text) => trial.offer(text));
      await trial.settleAll(waiting);
      assert.deepEqual(failures(waiting), [], 'those that waited are accepted');
      const more = texts(200, 'more').map((body) => ({ body }));
      const { sent, failed } = await trial.settle(sendAll(trial.sender, more));
      assert.deepEqual({ sent, failed }, { sent: 200, failed: 0 });
      assert.equal(new Set(await trial.acceptedTexts()).size, 260, 'every message is accepted');
      await trial.end();
    },
  },
];

export function failures(offers: readonly { readonly error: Error | undefined }[]): string[] {
  return offers.flatMap(({ error }) => (error === undefined ? [] : [error.message]));
}
