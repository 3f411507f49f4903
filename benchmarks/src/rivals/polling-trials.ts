import { setTimeout as delay } from 'node:timers/promises';
import { Runs } from './runs.ts';
import type { Stage, Trial } from './trial.ts';

/** Runs until the queue is empty. */
async function untilDeleted({ queue }: Stage, count: number): Promise<void> {
  while (queue.deleted.length < count) {
    await delay(10);
  }
}

async function callsPerMessage(stage: Stage, count: number): Promise<number> {
  await stage.put(count);
  const subject = await stage.open(() => delay(5));
  subject.start();
  await untilDeleted(stage, count);
  return stage.requests() / count;
}

/** How often and how much at a time a library receives. */
export const pollingTrials: readonly Trial[] = [
  {
    name: 'A',
    title: 'Poll loops after `stop()` and at once `start()`, three times during a long poll',
    digits: 0,
    right: { atLeast: 1, atMost: 1 },
    settings: { waitS: 1 },
    async run(stage) {
      const subject = await stage.open(async () => undefined);
      subject.start();
      // An odd number of times: squiss-ts does not poll after the first, and does after the second.
      for (let times = 0; times < 3; times++) {
        await delay(300);
        void subject.stop();
        subject.start();
      }
      await delay(2_500); // what the stops wait for is over
      const before = stage.requests('ReceiveMessage');
      const seconds = 3;
      await delay(seconds * 1_000);
      return Math.round((stage.requests('ReceiveMessage') - before) / seconds); // a loop polls once a second
    },
  },
  {
    name: 'D',
    title: 'Seconds for 100 messages, of which every tenth takes 1 s and the others 10 ms',
    digits: 2,
    right: { atMost: 1.1 },
    settings: { slots: 100 },
    isAlone: true,
    async run(stage) {
      const count = 100;
      const runs = new Runs();
      const handle = runs.of(({ body }) => delay(runs.begun > count && Number(body) % 10 === 0 ? 1_000 : 10));
      const subject = await stage.open(handle);
      subject.start();
      await stage.put(count); // to warm up
      await untilDeleted(stage, count);
      const startedAt = performance.now();
      await stage.put(count);
      await runs.untilEnded(2 * count);
      return (performance.now() - startedAt) / 1_000;
    },
  },
  {
    name: 'F',
    title: 'Receive requests in the first 10 s when every one fails',
    digits: 0,
    right: { atMost: 10 },
    settings: {},
    async run(stage) {
      stage.faults.failNext('receive', { kind: 'unavailable' }, { times: Number.POSITIVE_INFINITY });
      const subject = await stage.open(async () => undefined);
      subject.start();
      await delay(stage.isBrief ? 4_000 : 10_000);
      return stage.requests('ReceiveMessage');
    },
  },
  {
    name: 'G',
    title: 'Requests a message as it comes, 500 messages of 5 ms',
    digits: 2,
    right: { atMost: 0.21 },
    settings: {},
    run: (stage) => callsPerMessage(stage, 500),
  },
  {
    name: 'G2',
    title: 'Requests a message with as many handlers at a time as it can, 2,000 messages of 5 ms',
    digits: 2,
    right: { atMost: 0.21 },
    settings: { slots: 100 },
    run: (stage) => callsPerMessage(stage, 2_000),
  },
  {
    name: 'Q',
    title: 'Of 20 messages of one group on a FIFO queue, begun before the one ahead had ended',
    digits: 0,
    right: { atLeast: 0, atMost: 0 },
    settings: { slots: 10 },
    isFifo: true,
    async run(stage) {
      const count = 20;
      await stage.put(count);
      let running = 0;
      let early = 0;
      const runs = new Runs();
      const subject = await stage.open(
        runs.of(async () => {
          early += running > 0 ? 1 : 0;
          running++;
          await delay(20);
          running--;
        }),
      );
      subject.start();
      await runs.untilEnded(count);
      return early;
    },
  },
];
