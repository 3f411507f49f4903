import { compressed } from '@sqskit/compression';
import { type Envelope, payloadBytes } from '@sqskit/core';
import { earthquakes, smallEvents, variedOrders } from '../data.ts';
import type { Case, Figures, Load, Scenario } from './scenario.ts';
import { cpuColumn, startMeasuring } from './sending.ts';

/** Makes SQS messages of texts and tells the bytes that SQS counts of them. */
type Shrink = (texts: readonly string[]) => Promise<number>;

/** Each text by itself. */
function singly(shrinkOne: (text: string) => number | Promise<number>): Shrink {
  return async (texts) => {
    let bytes = 0;
    for (const text of texts) {
      bytes += await shrinkOne(text);
    }
    return bytes;
  };
}

async function sealedBytes(envelope: Envelope, content: string): Promise<number> {
  const { payload } = await envelope.seal([{ id: 'bench', content, attempt: 0 }], Number.POSITIVE_INFINITY);
  return payloadBytes(payload);
}

function singlySealed(envelope: Envelope): Shrink {
  return singly((text) => sealedBytes(envelope, text));
}

const sum = (sizes: readonly number[]): number => sizes.reduce((total, size) => total + size, 0);

async function measureSizes(shrink: Shrink, { messages, warmUp }: Load): Promise<Figures> {
  const ratios: Record<string, number> = {};
  const sets = { small: smallEvents(), quakes: earthquakes(), varied: variedOrders() };
  for (const [name, bodies] of Object.entries(sets)) {
    const texts = bodies.slice(0, messages).map((body) => JSON.stringify(body));
    ratios[name] = (await shrink(texts)) / sum(texts.map((text) => payloadBytes({ body: text })));
  }
  const texts = earthquakes().map((body) => JSON.stringify(body));
  await shrink(texts.slice(0, warmUp));
  const measured = texts.slice(0, messages);
  const stop = startMeasuring();
  await shrink(measured);
  const { cpuMicros } = stop();
  return { ...ratios, cpuMicros: cpuMicros / measured.length };
}

function sizeCase(name: string, how: string, open: () => Shrink | Promise<Shrink>): Case {
  return { name, how, measure: async (load) => measureSizes(await open(), load) };
}

/** The marker that squiss-ts sets: its name, type and value. */
const squissMarkerBytes = '__SQS_GZIP__Number1'.length;

export const sizes: Scenario = {
  name: 'sizes',
  title: 'Sizes and what they cost',
  about:
    'What SQS counts of a message, body and attributes, as a share of what it counts of the plain JSON; less is better, and more than 1 is a message that grew. Three data sets: events of 300 bytes (orders, telemetry, logs), the earthquakes of 712 bytes, and orders of 710 bytes with little in common. CPU is for the earthquakes, without sending them.',
  latencyMs: 0,
  full: { rounds: 5, messages: 1_700, warmUp: 1_000 },
  quick: { rounds: 3, messages: 1_000, warmUp: 500 },
  columns: [
    { figure: 'small', title: '300-byte events', digits: 3 },
    { figure: 'quakes', title: 'earthquakes', digits: 3 },
    { figure: 'varied', title: 'varied orders', digits: 3 },
    cpuColumn,
  ],
  cases: [
    sizeCase('compressed()', '`compressed()` with every option at its default.', () =>
      singlySealed(compressed()),
    ),
    sizeCase('compressed(), however small', '`compressed({ thresholdBytes: 0 })`.', () =>
      singlySealed(compressed({ thresholdBytes: 0 })),
    ),
    sizeCase(
      'message-queue-toolkit, zstd',
      'Its built-in codec, `MessageCodecEnum.ZSTD`, and its envelope, as its publisher builds it; without the fields that the publisher repeats in plain text beside it.',
      async () => {
        const { buildCodecEnvelope, MessageCodecEnum, resolveCodecHandler } = await import(
          '@message-queue-toolkit/core'
        );
        const handler = resolveCodecHandler(MessageCodecEnum.ZSTD);
        return singly(async (text) =>
          Buffer.byteLength(
            buildCodecEnvelope(await handler.compress(Buffer.from(text)), MessageCodecEnum.ZSTD),
          ),
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
