// Messages a second of a handler that hashes for 5 ms, on the main thread and on worker threads, by turns:
//
//     npx -y pnpm@12.21.0 --filter @sqskit/consumer bench:workers
//
// On a machine that is busy otherwise the rates say nothing, but CPU times do: what a thread costs for each message beyond the
// handler's own work is that of a handler that does nothing.
import { cpuUsage } from 'node:process';
import type { Handler } from '@sqskit/core';
import { createConsumer } from '../src/index.ts';
import { workers } from '../src/workers/index.ts';
import { type Hashing, hash, handler as onMainThread } from './hashing.ts';
import { createNullQueue } from './null-queue.ts';

const threads = 2;
const messages = 400;
/** Of which the first warms up. */
const rounds = 6;

const onThreads = workers<Hashing>({ file: new URL('./hashing.ts', import.meta.url), max: threads });

interface Measured {
  readonly perSecond: number;
  readonly cpuMicroseconds: number;
}

const spent = (): number => cpuUsage().user + cpuUsage().system;

async function consume(handler: Handler<Hashing>, hashing: Hashing): Promise<Measured> {
  let left = messages;
  let finish = (): void => undefined;
  const finished = new Promise<void>((resolve) => {
    finish = resolve;
  });
  const counted: Handler<Hashing> = async (message, context) => {
    await handler(message, context);
    if (--left === 0) {
      finish();
    }
  };
  const queue = createNullQueue(JSON.stringify(hashing), messages);
  const consumer = createConsumer(queue, counted, { maxConcurrency: 2 * threads, waitTimeMs: 0 });
  const [from, cpuFrom] = [performance.now(), spent()];
  consumer.start();
  await finished;
  const [tookMs, cpu] = [performance.now() - from, spent() - cpuFrom];
  await consumer.stop();
  return { perSecond: (messages * 1_000) / tookMs, cpuMicroseconds: cpu / messages };
}

/** How many rounds take so long on this machine, once the code is warm. */
function roundsThatTake(ms: number): number {
  const probe = 2_000;
  const once = (): number => {
    const from = performance.now();
    hash(probe);
    return performance.now() - from;
  };
  return Math.round((ms * probe) / median(Array.from({ length: 50 }, once)));
}

const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[values.length >> 1] ?? 0;

async function compare(hashing: Hashing): Promise<readonly [main: Measured, threads: Measured]> {
  const all: [Measured[], Measured[]] = [[], []];
  for (let round = 0; round < rounds; round++) {
    all[0].push(await consume(onMainThread, hashing));
    all[1].push(await consume(onThreads, hashing));
  }
  const [main, apart] = all.map((each): Measured => {
    const later = each.slice(1);
    return {
      perSecond: median(later.map(({ perSecond }) => perSecond)),
      cpuMicroseconds: median(later.map(({ cpuMicroseconds }) => cpuMicroseconds)),
    };
  });
  if (main === undefined || apart === undefined) {
    throw new RangeError('nothing was measured');
  }
  return [main, apart];
}

const [main, apart] = await compare({ rounds: roundsThatTake(5) });
console.log(`5 ms of hashing, main thread: ${main.perSecond.toFixed(0)} messages/s`);
console.log(`5 ms of hashing, ${threads} threads:   ${apart.perSecond.toFixed(0)} messages/s`);
console.log(`ratio: ${(apart.perSecond / main.perSecond).toFixed(2)}`);
const atMost = (threads * main.cpuMicroseconds) / apart.cpuMicroseconds;
console.log(`by CPU time at most: ${atMost.toFixed(2)}, with ${threads} cores for it alone`);
const [idleMain, idleApart] = await compare({ rounds: 0 });
const extra = idleApart.cpuMicroseconds - idleMain.cpuMicroseconds;
console.log(`CPU of a thread for each message beyond its handler: ${extra.toFixed(0)} µs`);
await onThreads.close();
