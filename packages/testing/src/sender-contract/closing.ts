import assert from 'node:assert/strict';
import { isQueueError } from '@sqskit/core';
import { scriptedFaults } from '../faults/scripted-faults.ts';
import { failures } from './delivery.ts';
import type { SenderCase } from './sender-case.ts';
import { texts } from './trial.ts';

export const closingCases: readonly SenderCase[] = [
  {
    name: 'close delivers what is buffered and reports it',
    async run(start) {
      const trial = start();
      const offers = texts(25).map((text) => trial.offer(text));
      const report = await trial.settle(trial.sender.close());
      assert.deepEqual(report, { sent: 25, undelivered: [] });
      await trial.settleAll(offers);
      assert.deepEqual(failures(offers), []);
      await trial.end();
    },
  },
  {
    name: 'close takes as long as it was given, and lists what it could not deliver',
    async run(start) {
      const outage = { times: Number.POSITIVE_INFINITY };
      const faults = scriptedFaults();
      const trial = start({ faults });
      const delivered = trial.offer('delivered');
      await trial.settleAll([delivered]);
      faults.failNext('sendBatch', { kind: 'unavailable' }, outage);
      const stranded = texts(15).map((text) => trial.offer(text, { id: `id of ${text}` }));
      await trial.clock.advance(50);
      const { sent, undelivered } = await trial.settle(trial.sender.close({ timeoutMs: 2_000 }), 2_500);
      assert.equal(sent, 1, 'what was sent before counts');
      assert.deepEqual(
        undelivered.map(({ id, message }) => [id, message.body]).toSorted(byFirst),
        stranded.map(({ text }) => [`id of ${text}`, text]).toSorted(byFirst),
        'each message is listed with its id',
      );
      assert.ok(
        undelivered.every(({ error }) => isQueueError(error)),
        'and with its error',
      );
      await trial.settle(Promise.all(stranded.map(({ settled }) => settled)), 100);
      assert.equal(failures(stranded).length, 15, 'and its promise rejects');
      await trial.end();
    },
  },
  {
    name: 'close in no time at all lists everything that is under way as unknown',
    async run(start) {
      const trial = start({ latencyMs: 1_000 });
      const offer = trial.offer('on its way');
      await trial.untilCalls(1);
      const { undelivered } = await trial.settle(trial.sender.close({ timeoutMs: 0 }), 500);
      assert.deepEqual(
        undelivered.map(({ message, error }) => [message.body, error.outcome]),
        [['on its way', 'unknown']],
      );
      await trial.settleAll([offer]);
      await trial.end();
    },
  },
  {
    name: 'a closed sender refuses messages',
    async run(start) {
      const trial = start();
      const closing = trial.sender.close();
      const late = [trial.offer('while closing'), trial.tryOffer('tried while closing')];
      await trial.settle(closing);
      late.push(trial.offer('when closed'), trial.tryOffer('tried when closed'));
      for (const offer of late) {
        assert.ok(offer !== undefined, 'trySend does not say that there may be room later');
        await trial.settle(offer.settled);
        assert.equal(offer.error?.code, 'closed');
        assert.equal(offer.error?.outcome, 'rejected');
      }
      await trial.end();
    },
  },
  {
    name: 'closing again gives the same report; so does leaving an `await using` block',
    async run(start) {
      const trial = start();
      trial.offer('hello');
      const first = trial.sender.close();
      const second = trial.sender.close();
      assert.deepEqual(await trial.settle(second), await trial.settle(first));
      await trial.settle(trial.sender[Symbol.asyncDispose]());
      assert.deepEqual(await trial.settle(trial.sender.close()), { sent: 1, undelivered: [] });
      await trial.end();
    },
  },
  {
    name: 'flush does not reject when messages fail',
    async run(start) {
      const faults = scriptedFaults().failNext('sendBatch', { kind: 'entry-rejection' }, { times: 5 });
      const trial = start({ faults });
      const offers = texts(5).map((text) => trial.offer(text));
      await trial.settle(trial.sender.flush());
      assert.equal(failures(offers).length, 5);
      await trial.end();
    },
  },
];

function byFirst([one = '']: readonly string[], [other = '']: readonly string[]): number {
  return one < other ? -1 : 1;
}
