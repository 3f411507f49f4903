import { setTimeout as delay } from 'node:timers/promises';
import type { Subject } from './library.ts';
import { Runs } from './runs.ts';
import type { Stage, Trial } from './trial.ts';

/** One message whose handler takes a second more. */
async function amidOne(stage: Stage): Promise<{ readonly runs: Runs; readonly subject: Subject }> {
  await stage.put(1);
  const runs = new Runs();
  const subject = await stage.open(runs.of(() => delay(1_500)));
  subject.start();
  await runs.untilBegun(1);
  await delay(500);
  return { runs, subject };
}

/** What `stop` leaves behind. */
export const stoppingTrials: readonly Trial[] = [
  {
    name: 'N',
    title: 'Handlers that run on when `stop()` says that all has stopped',
    digits: 0,
    right: { atLeast: 0, atMost: 0 },
    settings: { waitS: 1 },
    async run(stage) {
      const { runs, subject } = await amidOne(stage);
      await subject.stop();
      return runs.begun - runs.ended;
    },
  },
  {
    name: 'N2',
    title: 'Messages handled and not deleted, when it was to stop soon meanwhile',
    digits: 0,
    right: { atLeast: 0, atMost: 0 },
    settings: { waitS: 1 },
    async run(stage) {
      const { runs, subject } = await amidOne(stage);
      const stopped = subject.stopSoon();
      await runs.untilEnded(1);
      await stopped;
      await delay(1_000);
      return runs.ended - stage.queue.deleted.length;
    },
  },
];
