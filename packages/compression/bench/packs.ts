// What packed() makes of real JSON, the demo's earthquakes: messages in 64 KiB, and what they take to seal and to open:
//
//     npx -y pnpm@12.21.0 --filter @sqskit/compression bench
import { readFileSync } from 'node:fs';
import { cpuUsage } from 'node:process';
import { type Item, payloadBytes } from '@sqskit/core';
import { fflateEngine, nodeEngine, type PackingOptions, packed } from '../src/index.ts';

const events = readFileSync(new URL('../../../apps/demo/data/earthquakes.ndjson', import.meta.url), 'utf8')
  .trim()
  .split('\n');

/** As many messages as it takes, each a text of its own as a codec makes it. */
const items: readonly Item[] = Array.from({ length: 16_000 }, (_, index) => ({
  id: `bench-${index + 1}`,
  content: JSON.stringify(JSON.parse(events[index % events.length] ?? '')),
  attempt: 0,
}));

/** Of which the first warms up. */
const rounds = 6;

const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[values.length >> 1] ?? 0;

/** CPU time of this process, its other threads included, in microseconds. */
const spent = (): number => cpuUsage().user + cpuUsage().system;

const cases: Readonly<Record<string, PackingOptions>> = {
  'zstd 1, body': {},
  'zstd 1, attribute': { transport: 'attribute' },
  'zstd 3, body': { level: 3 },
  'deflate 1, body': { algorithm: 'deflate', level: 1 },
  'deflate 6, body': { algorithm: 'deflate' },
  'deflate 6, body, fflate': { engine: fflateEngine },
};
if (nodeEngine()?.compressor('zstd') === undefined) {
  throw new Error('this Node has no zstd: take 22.15 or newer');
}

console.log('packs                    messages  of 64 KiB  resealed  seal µs  open µs  JSON.parse µs');
for (const [name, options] of Object.entries(cases)) {
  const envelope = packed({ ...options, maxBlockMs: Number.POSITIVE_INFINITY });
  const seals: number[] = [];
  const opens: number[] = [];
  const parses: number[] = [];
  const counts: number[] = [];
  const fills: number[] = [];
  let resealed = 0;
  let rest = items;
  let round = 0;
  for (let first = rest[0]; first !== undefined; first = rest[0]) {
    // A sender gathers what fills a message.
    let bytes = 0;
    let gathered = 0;
    while (bytes < (envelope.fillBytes ?? 0) && gathered < Math.min(rest.length, envelope.maxItems)) {
      bytes += rest[gathered++]?.content.length ?? 0;
    }
    const given: [Item, ...Item[]] = [first, ...rest.slice(1, gathered)];
    const sealFrom = spent();
    const { payload, taken } = await envelope.seal(given, 1_048_576);
    const openFrom = spent();
    const { items: opened } = await envelope.open(payload);
    const parseFrom = spent();
    for (const item of opened) {
      JSON.parse('content' in item ? String(item.content) : '');
    }
    const end = spent();
    rest = rest.slice(taken);
    if (rest.length < 1_000) {
      rest = ++round < rounds ? items : [];
    } else if (round > 0) {
      seals.push((openFrom - sealFrom) / taken);
      opens.push((parseFrom - openFrom) / taken);
      parses.push((end - parseFrom) / taken);
      counts.push(taken);
      fills.push(payloadBytes(payload) / 65_536);
      resealed += taken < gathered - 1 ? 1 : 0;
    }
  }
  const row = [
    name.padEnd(23),
    median(counts).toFixed(0).padStart(9),
    `${(100 * median(fills)).toFixed(1)} %`.padStart(10),
    `${resealed}/${counts.length}`.padStart(8),
    median(seals).toFixed(2).padStart(7),
    median(opens).toFixed(2).padStart(7),
    median(parses).toFixed(2).padStart(13),
  ];
  console.log(row.join('  '));
}
