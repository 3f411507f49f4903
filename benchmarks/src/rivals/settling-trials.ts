import { setTimeout as delay } from 'node:timers/promises';
import { Runs } from './runs.ts';
import type { Trial } from './trial.ts';

/** Deletes and renewals, and what becomes of them where they fail. */
export const settlingTrials: readonly Trial[] = [
  {
    name: 'H',
    title: 'Runs of 5 messages, when deletes are answered 503 for a second from the first on',
    digits: 0,
    right: { atMost: 5 },
    settings: { slots: 10, leaseS: 3, waitS: 1 },
    async run(stage) {
      stage.faults.failNext('deleteBatch', { kind: 'unavailable' }, { times: Number.POSITIVE_INFINITY });
      await stage.put(5);
      const runs = new Runs();
      const subject = await stage.open(runs.of(async () => undefined));
      subject.start();
      while (stage.requests('DeleteMessage') === 0) {
        await delay(10);
      }
      await delay(1_000);
      stage.faults.clear('deleteBatch');
      await delay(4_000); // whose delete was lost has come again by then
      return runs.begun;
    },
  },
  {
    name: 'K',
    title: 'Runs of one message at the same time, when three renewals in a row are throttled',
    digits: 0,
    right: { atMost: 1 },
    settings: { leaseS: 3, waitS: 1 },
    async run(stage) {
      stage.faults.failNext('changeVisibilityBatch', { kind: 'throttle' }, { times: 3 });
      await stage.put(1);
      const runs = new Runs();
      const subject = await stage.open(runs.of(() => delay(5_500)));
      subject.start();
      await runs.untilBegun(1);
      await delay(5_000);
      return runs.mostOfOne;
    },
  },
  {
    name: 'M',
    title: 'Rejections that nobody handles, when renewals fail for 3.5 s and nobody listens to errors',
    digits: 0,
    right: { atLeast: 0, atMost: 0 },
    settings: { leaseS: 2, isUnheard: true, waitS: 1 },
    async run(stage) {
      const outage = { times: Number.POSITIVE_INFINITY };
      stage.faults.failNext('changeVisibilityBatch', { kind: 'unavailable' }, outage);
      await stage.put(1);
      const runs = new Runs();
      const subject = await stage.open(runs.of(() => delay(3_500)));
      subject.start();
      await runs.untilBegun(1);
      await delay(4_500);
      return stage.unhandledRejections();
    },
  },
  {
    name: 'O',
    title: 'Requests to renew ten messages for 10.5 s, each second',
    digits: 0,
    right: { atMost: 11 },
    settings: { slots: 10, leaseS: 2 },
    async run(stage) {
      const ms = stage.isBrief ? 3_500 : 10_500;
      await stage.put(10);
      const runs = new Runs();
      const subject = await stage.open(runs.of(() => delay(ms)));
      subject.start();
      await runs.untilEnded(10);
      return stage.requests('ChangeMessageVisibility');
    },
  },
];
