// What SQS counts of small events, singly and packed, as a share of what it counts of them as they are, and what it costs
// to find that nothing can be done:
//
//     npx -y pnpm@12.21.0 --filter @sqskit/compression sizes
import { type Envelope, type Item, plain } from '@sqskit/core';
import { createRandom } from '@sqskit/testing';
import { looksIncompressible } from '../src/incompressible.ts';
import {
  type CompressionOptions,
  compressed,
  type Dictionary,
  dictionaryFromSamples,
  fflateEngine,
  packed,
} from '../src/index.ts';
import { createEvents, type EventKind, eventKinds } from './events.ts';
import { anyBytes, geometricMean, ratioOf } from './ratio.ts';

interface Way {
  readonly name: string;
  readonly goal?: number;
  readonly envelopeFor: (kind: EventKind) => Envelope;
  readonly together: number;
}

const samples = Object.fromEntries(eventKinds.map((kind) => [kind, createEvents(kind, 1_000, 1)]));

function dictionaryOf(kind: EventKind, maxBytes = 8_192): Dictionary {
  return dictionaryFromSamples(samples[kind] ?? [], { maxBytes });
}

function singly(name: string, options: CompressionOptions, dictionaryBytes?: number): Way {
  return {
    name,
    together: 1,
    envelopeFor: (kind) =>
      compressed({
        ...options,
        thresholdBytes: 0,
        ...(dictionaryBytes !== undefined && { dictionary: dictionaryOf(kind, dictionaryBytes) }),
      }),
  };
}

const ways: readonly Way[] = [
  singly('singly', {}),
  singly('singly, attribute', { transport: 'attribute' }),
  { ...singly('singly, dictionary of 8 KiB', {}, 8_192), goal: 0.5 },
  singly('the same, attribute', { transport: 'attribute' }, 8_192),
  singly('the same, level 9', { level: 9 }, 8_192),
  singly('the same, zstd', { algorithm: 'zstd' }, 8_192),
  singly('the same, zstd, level 9', { algorithm: 'zstd', level: 9 }, 8_192),
  singly('the same, on fflate', { engine: fflateEngine }, 8_192),
  singly('singly, dictionary of 2 KiB', {}, 2_048),
  singly('singly, dictionary of 32 KiB', {}, 32_768),
  { name: '100 to a pack', goal: 0.35, together: 100, envelopeFor: () => packed() },
  { name: '100 to a pack, attribute', together: 100, envelopeFor: () => packed({ transport: 'attribute' }) },
  { name: '100 to a pack, deflate', together: 100, envelopeFor: () => packed({ algorithm: 'deflate' }) },
];

const meanBytes = eventKinds.map(
  (kind) => createEvents(kind, 500, 2).reduce((sum, event) => sum + Buffer.byteLength(event), 0) / 500,
);
console.log(
  `events of ${meanBytes.map((bytes) => bytes.toFixed(0)).join(', ')} bytes; ratios to the plain message`,
);
console.log(`${''.padEnd(34)}${eventKinds.map((kind) => kind.padStart(10)).join('')}      mean`);
for (const way of ways) {
  const ratios: number[] = [];
  for (const kind of eventKinds) {
    ratios.push(await ratioOf(way.envelopeFor(kind), kind, way.together));
  }
  const cells = [...ratios, geometricMean(ratios)].map((ratio) => ratio.toFixed(3).padStart(10)).join('');
  console.log(`${way.name.padEnd(34)}${cells}${way.goal === undefined ? '' : `   goal ${way.goal}`}`);
}

/** CPU time of a call in microseconds: the median of several rounds. */
function medianOf(calls: number, call: () => unknown): number {
  const rounds = Array.from({ length: 15 }, () => {
    const before = process.cpuUsage();
    for (let made = 0; made < calls; made++) {
      call();
    }
    const { user, system } = process.cpuUsage(before);
    return (user + system) / calls;
  });
  return rounds.toSorted((a, b) => a - b)[7] ?? 0;
}

const built = medianOf(1, () => dictionaryOf('order')) / 1_000;
console.log(`\na dictionary of 1,000 samples takes ${built.toFixed(0)} ms (CPU, median)`);

const random = createRandom(3);
const noise = Uint8Array.from({ length: 262_144 }, () => Math.floor(random() * 256));
const base64 = Buffer.from(noise).toString('base64').slice(0, 262_144);
const json = createEvents('order', 1_000, 4).join('\n').slice(0, 262_144);
const envelope = compressed();
console.log('\n256 KB of            probe µs    seal µs  plain() µs (CPU, medians)');
for (const [name, content] of Object.entries({ 'random bytes': noise, 'base64 text': base64, JSON: json })) {
  const item: Item = { id: '0', content, attempt: 0 };
  const probe = medianOf(2_000, () => looksIncompressible(content));
  const seal = medianOf(20, () => envelope.seal([item], anyBytes));
  const asItIs = medianOf(20, () => plain().seal([item], anyBytes));
  const cells = [probe.toFixed(1), seal.toFixed(0), asItIs.toFixed(0)]
    .map((cell) => cell.padStart(11))
    .join('');
  console.log(`${name.padEnd(18)}${cells}`);
}
