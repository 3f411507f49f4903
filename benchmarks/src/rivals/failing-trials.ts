import { setTimeout as delay } from 'node:timers/promises';
import { Runs } from './runs.ts';
import type { Trial } from './trial.ts';

/** What becomes of messages whose handlers fail, take too long, or say nothing. */
export const failingTrials: readonly Trial[] = [
  {
    name: 'B',
    title: 'Seconds until a message comes again that failed as its lease was to be renewed; asked for are 5',
    digits: 1,
    right: { atLeast: 5 },
    settings: { leaseS: 2, retryDelayS: 5, waitS: 1 },
    latencyMs: 300, // so that the renewal and the back-off meet on the way
    async run(stage) {
      await stage.put(1);
      let failedAt = 0;
      const runs = new Runs();
      const handle = runs.of(async () => {
        if (failedAt === 0) {
          await delay(900);
          failedAt = performance.now();
          throw new Error('not this time');
        }
      });
      const subject = await stage.open(handle);
      subject.start();
      await runs.untilBegun(2);
      return (performance.now() - failedAt) / 1_000;
    },
  },
  {
    name: 'C',
    title: 'Runs of one message at the same time, with a handler of 3 s and a timeout of 200 ms',
    digits: 0,
    right: { atMost: 1 },
    settings: { slots: 10, handlerTimeoutMs: 200, retryDelayS: 0 },
    async run(stage) {
      await stage.put(1);
      const runs = new Runs();
      const subject = await stage.open(runs.of(() => delay(3_000)));
      subject.start();
      await runs.untilBegun(1);
      await delay(3_000);
      return runs.mostOfOne;
    },
  },
  {
    name: 'E',
    title: 'Of 5 messages, deleted after a handler that returns nothing',
    digits: 0,
    right: { atLeast: 5 },
    settings: { returnsNothing: true },
    async run(stage) {
      await stage.put(5);
      const runs = new Runs();
      const subject = await stage.open(runs.of(async () => undefined));
      subject.start();
      await runs.untilEnded(5);
      await delay(1_000);
      return stage.queue.deleted.length;
    },
  },
  {
    name: 'L',
    title: 'Receives in 3 s of a message that is no JSON',
    digits: 0,
    right: { atMost: 3 },
    settings: {},
    async run(stage) {
      await stage.put(['not JSON']);
      const subject = await stage.open(async () => undefined);
      subject.start();
      await delay(3_000);
      return stage.queue.messages()[0]?.receiveCount ?? 0;
    },
  },
];
