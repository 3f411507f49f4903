// What the consumer itself costs for each message of a pack: CPU time from the receive to the delete, on a queue that
// answers at once, beyond what opening the packs and parsing the messages takes:
//
//     npx -y pnpm@12.21.0 --filter @sqskit/consumer bench
import { cpuUsage } from 'node:process';
import type { Envelope, OpenedItem } from '@sqskit/core';
import { createConsumer } from '../src/index.ts';
import { createNullQueue } from './null-queue.ts';

const packSize = 550;
const packs = 400;
/** Of which the first warms up. */
const rounds = 8;

const content = JSON.stringify({
  id: 'us7000abcd',
  magnitude: 4.5,
  place: '10 km SSW of somewhere',
  at: 1_767_225_600_000,
  position: [-122.123_456, 37.123_456, 10.1],
  tags: ['reviewed', 'earthquake', 'mww'],
  note: 'n'.repeat(400),
});

const open = (): { readonly items: readonly OpenedItem[] } => ({
  items: Array.from({ length: packSize }, (_, index) => ({
    id: `bench-${index}`,
    content,
    attributes: {},
    attempt: 0,
  })),
});

const envelope: Envelope = {
  maxItems: packSize,
  open,
  seal() {
    throw new Error('nothing fails here');
  },
};

/** CPU time of this process in microseconds. */
const spent = (): number => cpuUsage().user + cpuUsage().system;

async function consume(isAsync: boolean): Promise<number> {
  const messages = packs * packSize;
  let left = messages;
  let finish = (): void => undefined;
  const finished = new Promise<void>((resolve) => {
    finish = resolve;
  });
  const count = (): void => {
    if (--left === 0) {
      finish();
    }
  };
  const handler = isAsync ? async (): Promise<void> => count() : count;
  const options = { envelope, maxConcurrency: 100, prefetch: 4 * packSize, waitTimeMs: 0 };
  const consumer = createConsumer(createNullQueue('a pack', packs), handler, options);
  const from = spent();
  consumer.start();
  await finished;
  const took = spent() - from;
  await consumer.stop();
  return took / messages;
}

function openAndParse(): number {
  const from = spent();
  let parsed = 0;
  for (let pack = 0; pack < packs; pack++) {
    for (const item of open().items) {
      parsed += typeof JSON.parse(String(item.content)) === 'object' ? 1 : 0;
    }
  }
  return (spent() - from) / parsed;
}

const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[values.length >> 1] ?? 0;

console.log('handler  all µs  open and parse µs  the consumer itself µs');
for (const [name, isAsync] of [
  ['async', true],
  ['sync', false],
] as const) {
  const all: number[] = [];
  const floor: number[] = [];
  for (let round = 0; round < rounds; round++) {
    all.push(await consume(isAsync));
    floor.push(openAndParse());
  }
  const [total, least] = [median(all.slice(1)), median(floor.slice(1))];
  const columns = [total, least, total - least].map((us) => us.toFixed(2));
  console.log([name.padEnd(7), ...columns].join('  '));
}
