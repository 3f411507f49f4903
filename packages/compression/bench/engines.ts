// What compressed() makes of real JSON, the demo's earthquakes, on either engine; what SQS counts and the time it takes:
//
//     npx -y pnpm@12.21.0 --filter @sqskit/compression bench
import { readFileSync } from 'node:fs';
import { type Item, payloadBytes } from '@sqskit/core';
import { compressed, fflateGzip, type GzipLevel, nodeGzip } from '../src/index.ts';

const events = readFileSync(new URL('../../../apps/demo/data/earthquakes.ndjson', import.meta.url), 'utf8')
  .trim()
  .split('\n');

/** The quickest of several short rounds, in microseconds a call: what it takes when nothing else runs. */
function fastest(call: () => unknown): number {
  const rounds = Array.from({ length: 15 }, () => {
    const startedAt = performance.now();
    let calls = 0;
    while (performance.now() - startedAt < 10) {
      call();
      calls++;
    }
    return ((performance.now() - startedAt) * 1_000) / calls;
  });
  return Math.min(...rounds);
}

const engines = { node: nodeGzip(), fflate: fflateGzip };
console.log('events  plain bytes  engine  level  sent bytes  ratio  seal µs  open µs');
for (const count of [1, 2, 10, 100]) {
  const content = count === 1 ? (events[7] ?? '') : `[${events.slice(0, count).join(',')}]`;
  const items: [Item] = [{ id: 'bench', content, attempt: 0 }];
  const plainBytes = payloadBytes({ body: content });
  for (const [name, engine] of Object.entries(engines)) {
    for (const level of [1, 6] satisfies GzipLevel[]) {
      const envelope = compressed({ engine, level, thresholdBytes: 0 });
      const { payload } = await envelope.seal(items, Number.POSITIVE_INFINITY);
      const row = [
        String(count).padStart(6),
        String(plainBytes).padStart(11),
        name.padEnd(6),
        String(level).padStart(5),
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
}
