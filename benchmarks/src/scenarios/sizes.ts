import { compressed, dictionaryFromSamples, packed } from '@sqskit/compression';
import { type Envelope, type Item, payloadBytes } from '@sqskit/core';
import { earthquakes, smallEvents, type TextSet, textSet, variedOrders } from '../data.ts';
import type { Case, Figures, Load, Scenario } from './scenario.ts';
import { cpuColumn, startMeasuring } from './sending.ts';

/** One SQS message: what SQS counts of it, and how many texts are in it. */
interface Shrunk {
  readonly bytes: number;
  readonly taken: number;
}

/** Makes SQS messages of texts, without sending them. */
type Shrink = (texts: readonly string[]) => Promise<readonly Shrunk[]>;

interface Sizes {
  readonly ratio: number;
  /** The most bytes by which a message came out larger than its texts would be by themselves; below 0 none did. */
  readonly mostAdded: number;
}

function plainBytes(texts: readonly string[]): number {
  return texts.reduce((total, text) => total + payloadBytes({ body: text }), 0);
}

async function sizesOf(shrink: Shrink, texts: readonly string[]): Promise<Sizes> {
  let bytes = 0;
  let mostAdded = Number.NEGATIVE_INFINITY;
  let at = 0;
  for (const shrunk of await shrink(texts)) {
    bytes += shrunk.bytes;
    mostAdded = Math.max(mostAdded, shrunk.bytes - plainBytes(texts.slice(at, at + shrunk.taken)));
    at += shrunk.taken;
  }
  return { ratio: bytes / plainBytes(texts), mostAdded };
}

/** Each text by itself. */
function singly(bytesOf: (text: string) => Promise<number>): Shrink {
  return async (texts) => {
    const shrunk: Shrunk[] = [];
    for (const text of texts) {
      shrunk.push({ bytes: await bytesOf(text), taken: 1 });
    }
    return shrunk;
  };
}

/** By an envelope, so many texts at a time. */
function sealed(envelope: Envelope, together = 1): Shrink {
  return async (texts) => {
    const items = texts.map((content, index): Item => ({ id: `bench-${index}`, content, attempt: 0 }));
    const shrunk: Shrunk[] = [];
    for (let at = 0; at < items.length; ) {
      const [first, ...others] = items.slice(at, at + together);
      if (first === undefined) {
        break;
      }
      const { payload, taken } = await envelope.seal([first, ...others], Number.POSITIVE_INFINITY);
      shrunk.push({ bytes: payloadBytes(payload), taken });
      at += taken;
    }
    return shrunk;
  };
}

/** Opens what shrinks texts of the kind of `samples`. */
type OpenShrink = (samples: readonly string[]) => Shrink | Promise<Shrink>;

async function measureSizes(open: OpenShrink, { messages, warmUp }: Load): Promise<Figures> {
  const quakes = textSet(earthquakes());
  const meanRatio = async (sets: readonly TextSet[]): Promise<Sizes> => {
    const sizes: Sizes[] = [];
    for (const { texts, samples } of sets) {
      sizes.push(await sizesOf(await open(samples), texts.slice(0, messages)));
    }
    return {
      ratio: sizes.reduce((total, { ratio }) => total + ratio, 0) / sizes.length,
      mostAdded: Math.max(...sizes.map(({ mostAdded }) => mostAdded)),
    };
  };
  const small = await meanRatio(smallEvents().map(textSet));
  const alike = await meanRatio([quakes]);
  const varied = await meanRatio([textSet(variedOrders())]);
  const shrink = await open(quakes.samples);
  await shrink(quakes.texts.slice(0, warmUp));
  const measured = quakes.texts.slice(0, messages);
  const stop = startMeasuring();
  await shrink(measured);
  const { cpuMicros } = stop();
  return {
    small: small.ratio,
    quakes: alike.ratio,
    varied: varied.ratio,
    mostAdded: Math.max(small.mostAdded, alike.mostAdded, varied.mostAdded),
    cpuMicros: cpuMicros / measured.length,
  };
}

function sizeCase(name: string, how: string, open: OpenShrink): Case {
  return { name, how, measure: (load) => measureSizes(open, load) };
}

/** The marker that squiss-ts sets: its name, type and value. */
const squissMarkerBytes = '__SQS_GZIP__Number1'.length;

export const sizes: Scenario = {
  name: 'sizes',
  title: 'Sizes, and what they cost',
  about:
    'What SQS counts of a message, body and attributes, as a share of what it counts of the plain JSON. Three data sets: events of 300 bytes (orders, readings of devices, log lines: each kind by itself, and the mean of the three), the earthquakes of 712 bytes, and orders of 710 bytes with little in common. Of each set one half is measured and the other is there to train dictionaries on. CPU is for the earthquakes, without sending them. The last column is the most by which any message grew, in bytes; less than none if every one shrank.',
  latencyMs: 0,
  full: { rounds: 3, messages: 800, warmUp: 800 },
  quick: { rounds: 1, messages: 200, warmUp: 100 },
  columns: [
    { figure: 'small', title: '300-byte events', digits: 3 },
    { figure: 'quakes', title: 'earthquakes', digits: 3 },
    { figure: 'varied', title: 'varied orders', digits: 3 },
    cpuColumn,
    { figure: 'mostAdded', title: 'most added, bytes', digits: 0 },
  ],
  cases: [
    sizeCase('compressed()', '`compressed()`, each message by itself.', () => sealed(compressed())),
    sizeCase(
      'compressed(), dictionary',
      '`compressed({ dictionary: dictionaryFromSamples(samples) })`, each message by itself.',
      (samples) => sealed(compressed({ dictionary: dictionaryFromSamples(samples) })),
    ),
    sizeCase('packed(), 100 to a pack', '`packed()`, a hundred messages at a time.', () =>
      sealed(packed(), 100),
    ),
    sizeCase(
      'packed(), 100, attribute',
      "`packed({ transport: 'attribute' })`, a hundred messages at a time.",
      () => sealed(packed({ transport: 'attribute' }), 100),
    ),
    sizeCase(
      'message-queue-toolkit, zstd',
      'Its built-in codec, `MessageCodecEnum.ZSTD`, in the envelope that its publisher builds; without the fields that the publisher repeats beside it in plain text.',
      async () => {
        const { buildCodecEnvelope, MessageCodecEnum, resolveCodecHandler } = await import(
          '@message-queue-toolkit/core'
        );
        const codec = MessageCodecEnum.ZSTD;
        const handler = resolveCodecHandler(codec);
        return singly(async (text) =>
          Buffer.byteLength(buildCodecEnvelope(await handler.compress(Buffer.from(text)), codec)),
        );
      },
    ),
    sizeCase(
      'squiss-ts, gzip',
      'What `gzip: true` does: brotli at its default, the best and slowest quality, in base64, and a message attribute that marks it.',
      async () => {
        const { compressMessage } = await import('squiss-ts/dist/gzipUtils.js');
        return singly(async (text) => Buffer.byteLength(await compressMessage(text)) + squissMarkerBytes);
      },
    ),
  ],
};
