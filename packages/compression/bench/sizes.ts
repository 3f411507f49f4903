// What SQS counts of small events, singly and packed, as a share of what it counts of them as they are, and what it costs
// to find that nothing can be done:
//
//     npx -y pnpm@12.21.0 --filter @sqskit/compression sizes
import { type Envelope, type Item, payloadBytes, plain } from '@sqskit/core';
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

const anyBytes = 1_048_576;

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

/** What SQS counts of the events sealed so, divided by what it counts of them as they are. */
async function ratioOf({ envelopeFor, together }: Way, kind: EventKind): Promise<number> {
  const envelope = envelopeFor(kind);
  // Not of the seed that the dictionary is made of.
  const items = createEvents(kind, 500, 2).map(
    (content, index): Item => ({ id: `m-${index}`, content, attempt: 0 }),
  );
  const plainBytes = items.reduce((sum, { content }) => sum + payloadBytes({ body: String(content) }), 0);
  let sentBytes = 0;
  for (let at = 0; at < items.length; ) {
    const [first, ...more] = items.slice(at, at + together);
    if (first === undefined) {
      break;
    }
    const { payload, taken } = await envelope.seal([first, ...more], anyBytes);
    sentBytes += payloadBytes(payload);
    at += taken;
  }
  return sentBytes / plainBytes;
}

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
    ratios.push(await ratioOf(way, kind));
  }
  const mean = Math.exp(ratios.reduce((sum, ratio) => sum + Math.log(ratio), 0) / ratios.length);
  const cells = [...ratios, mean].map((ratio) => ratio.toFixed(3).padStart(10)).join('');
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
