// What compressed() makes of real JSON, the demo's earthquakes, on either engine; what SQS counts and the time it takes:
//
//     npx -y pnpm@12.21.0 --filter @sqskit/compression bench
import { readFileSync } from 'node:fs';
import { type Item, payloadBytes } from '@sqskit/core';
import { type CompressionOptions, compressed, createDictionary, fflateEngine } from '../src/index.ts';

const events = readFileSync(new URL('../../../apps/demo/data/earthquakes.ndjson', import.meta.url), 'utf8')
  .trim()
  .split('\n');

/** The quickest of several short rounds, in microseconds a call: what it takes when nothing else runs. */
function fastest(call: () => unknown): number {
  const rounds = Array.from({ length: 15 }, () => {
    const startedAt = performance.now();
    let calls = 0;
    while (performance.now() - startedAt < 8) {
      call();
      calls++;
    }
    return ((performance.now() - startedAt) * 1_000) / calls;
  });
  return Math.min(...rounds);
}

// Other events than those that are sent.
const dictionary = createDictionary(new TextEncoder().encode(events.slice(-8).join('\n')));

const cases: Readonly<Record<string, CompressionOptions>> = {
  auto: {},
  'auto, attribute': { transport: 'attribute' },
  'auto, dictionary': { dictionary },
  'auto, both': { dictionary, transport: 'attribute' },
  deflate: { algorithm: 'deflate' },
  zstd: { algorithm: 'zstd' },
  gzip: { algorithm: 'gzip' },
  'deflate, fflate': { algorithm: 'deflate', engine: fflateEngine },
};

console.log('plain bytes  how               sent bytes  ratio  seal µs  open µs');
const contents = [
  (events[7] ?? '').slice(0, 150),
  (events[7] ?? '').slice(0, 300),
  events[7] ?? '',
  ...[2, 10, 100].map((count) => `[${events.slice(0, count).join(',')}]`),
];
for (const content of contents) {
  const items: [Item] = [{ id: 'bench', content, attempt: 0 }];
  const plainBytes = payloadBytes({ body: content });
  for (const [name, options] of Object.entries(cases)) {
    const envelope = compressed({ ...options, thresholdBytes: 0, maxBlockMs: Number.POSITIVE_INFINITY });
    const { payload } = await envelope.seal(items, Number.POSITIVE_INFINITY);
    const row = [
      String(plainBytes).padStart(11),
      name.padEnd(16),
      String(payloadBytes(payload)).padStart(10),
      (plainBytes / payloadBytes(payload)).toFixed(2).padStart(5),
      fastest(() => envelope.seal(items, Number.POSITIVE_INFINITY))
        .toFixed(1)
        .padStart(7),
      fastest(() => envelope.open(payload))
        .toFixed(1)
        .padStart(7),
    ];
    console.log(row.join('  '));
  }
}
