// What SQS counts of small events, singly and packed, as a share of what it counts of them as they are, and what it costs
// to find that nothing can be done:
//
//     npx -y pnpm@12.21.0 --filter @sqskit/compression sizes
import type { Envelope, Item } from '@sqskit/core';
import { payloadBytes } from '@sqskit/core';
import { createRandom } from '@sqskit/testing';
import { looksIncompressible } from '../src/incompressible.ts';
import { compressed, dictionaryFromSamples, packed } from '../src/index.ts';
import { createEvents, type EventKind, eventKinds } from './events.ts';

const anyBytes = 1_048_576;

interface Way {
  readonly name: string;
  readonly goal?: number;
  readonly envelopeFor: (kind: EventKind) => Envelope;
  readonly together: number;
}

const dictionaries = Object.fromEntries(
  eventKinds.map((kind) => [kind, dictionaryFromSamples(createEvents(kind, 1_000, 1))]),
);

const ways: readonly Way[] = [
  { name: 'singly, no dictionary', together: 1, envelopeFor: () => compressed({ thresholdBytes: 0 }) },
  {
    name: 'singly, no dictionary, attribute',
    together: 1,
    envelopeFor: () => compressed({ thresholdBytes: 0, transport: 'attribute' }),
  },
  {
    name: 'singly, dictionary of 8 KiB',
    goal: 0.5,
    together: 1,
    envelopeFor: (kind) => compressed({ dictionary: dictionaries[kind] }),
  },
  {
    name: 'the same, level 9',
    together: 1,
    envelopeFor: (kind) => compressed({ dictionary: dictionaries[kind], level: 9 }),
  },
  {
    name: 'the same, zstd',
    together: 1,
    envelopeFor: (kind) => compressed({ dictionary: dictionaries[kind], algorithm: 'zstd' }),
  },
  {
    name: 'the same, zstd, level 9',
    together: 1,
    envelopeFor: (kind) => compressed({ dictionary: dictionaries[kind], algorithm: 'zstd', level: 9 }),
  },
  {
    name: 'singly, dictionary, attribute',
    together: 1,
    envelopeFor: (kind) => compressed({ dictionary: dictionaries[kind], transport: 'attribute' }),
  },
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

/** CPU time of a call in microseconds: the median of several rounds, whatever else the machine is at. */
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

const random = createRandom(3);
const noise = Uint8Array.from({ length: 262_144 }, () => Math.floor(random() * 256));
const base64 = Buffer.from(noise).toString('base64').slice(0, 262_144);
const json = createEvents('order', 1_000, 4).join('\n').slice(0, 262_144);
const envelope = compressed();
console.log('\n256 KB of            probe µs    seal µs (CPU, medians)');
for (const [name, content] of Object.entries({ 'random bytes': noise, 'base64 text': base64, JSON: json })) {
  const item: Item = { id: '0', content, attempt: 0 };
  const probe = medianOf(2_000, () => looksIncompressible(content));
  const seal = medianOf(20, () => envelope.seal([item], anyBytes));
  console.log(`${name.padEnd(18)}${probe.toFixed(1).padStart(11)}${seal.toFixed(0).padStart(11)}`);
}
