import type { Content, Envelope, Item, Payload } from '@sqskit/core';
import { decodeBase64 } from '@sqskit/core/wire';
import { createEvents } from '../bench/events.ts';
import {
  compressed,
  createDictionary,
  type Dictionary,
  dictionaryFromSamples,
  fflateEngine,
  guideEnvelope,
  packed,
} from '../src/index.ts';
import { foreignVectors, textOf } from '../test/foreign/vectors.ts';
import type { Draw } from './draw.ts';

/** A message as a sender of ours, or another library, made it. */
export interface Genuine {
  readonly payload: Payload;
  /** What is in it. */
  readonly contents: readonly Content[];
  /** What a runtime must have to read it, besides deflate and gzip. */
  readonly needs: 'zstd' | 'brotli' | undefined;
  /** Whether another library made it, without a checksum: damage can go unnoticed. */
  readonly isForeign: boolean;
}

/** What every sender and reader here lets a message expand to. */
export const maxOutputBytes = 65_536;

/** What readers know. */
export const dictionaries: readonly [Dictionary, Dictionary] = [
  dictionaryFromSamples(createEvents('order', 60, 71)),
  dictionaryFromSamples(createEvents('log', 60, 72), { maxBytes: 2_048 }),
];
/** What no reader knows. */
export const unknownDictionary: Dictionary = createDictionary(
  dictionaryFromSamples(createEvents('order', 60, 73)).bytes,
);

/** Messages of every envelope, algorithm, engine and transport, with and without a dictionary. */
export async function genuineMessages(draw: Draw): Promise<readonly Genuine[]> {
  const envelopes: Envelope[] = [];
  for (const engine of [undefined, fflateEngine]) {
    envelopes.push(compressed({ engine, algorithm: 'gzip' }), guideEnvelope({ engine }));
    for (const transport of ['body', 'attribute'] as const) {
      for (const dictionary of [undefined, dictionaries[0]]) {
        for (const algorithm of engine === undefined
          ? (['deflate', 'zstd'] as const)
          : (['deflate'] as const)) {
          const options = { engine, transport, dictionary, algorithm, maxOutputBytes };
          envelopes.push(compressed({ ...options, thresholdBytes: 0 }), packed(options));
        }
      }
    }
  }
  const made: Genuine[] = foreignVectors.map((vector) => ({
    payload: vector,
    contents: [textOf(vector)],
    needs: vector.by === 'squiss-ts' ? 'brotli' : 'zstd',
    isForeign: true,
  }));
  for (const envelope of envelopes) {
    for (let message = 0; message < 12; message++) {
      made.push(await sealed(envelope, draw));
    }
  }
  return made;
}

async function sealed(envelope: Envelope, draw: Draw): Promise<Genuine> {
  const first = itemOf(draw, 0);
  const more = envelope.maxItems === 1 ? 0 : draw.below(40);
  const items: [Item, ...Item[]] = [
    first,
    ...Array.from({ length: more }, (_, index) => itemOf(draw, index + 1)),
  ];
  const { payload, taken } = await envelope.seal(items, 1_048_576);
  return {
    payload,
    contents: items.slice(0, taken).map(({ content }) => content),
    needs: isZstdBlock(payload) ? 'zstd' : undefined,
    isForeign: false,
  };
}

function itemOf(draw: Draw, index: number): Item {
  return {
    id: draw.below(3) === 0 ? `id-${draw.below(1_000)}` : `id-${index}`,
    content: contentOf(draw),
    attributes: draw.below(4) === 0 ? { tenant: { type: 'String', value: `t${draw.below(9)}` } } : undefined,
    attempt: 0,
  };
}

export function contentOf(draw: Draw): Content {
  const [event = ''] = createEvents(
    draw.of(['order', 'telemetry', 'log']),
    1,
    draw.below(1_000_000),
    100 + draw.below(3_000),
  );
  switch (draw.below(8)) {
    case 0:
      return Buffer.from(event);
    case 1:
      return draw.bytes(draw.below(2_000));
    case 2:
      return `${event}\n${event}`;
    case 3:
      return 'Grüße 😀, 東京都 '.repeat(draw.below(60));
    case 4:
      // What looks like another's form: it has to come out as it is all the same.
      return foreignVectors[draw.below(foreignVectors.length)]?.body ?? event;
    default:
      return event;
  }
}

/** The block that a payload carries, in the body or in the attribute. */
export function blockIn({ body, attributes }: Payload): Uint8Array | undefined {
  const value = attributes?.['sqskit']?.value;
  if (body.startsWith('~1a')) {
    return value instanceof Uint8Array ? value : undefined;
  }
  return body.startsWith('~1c') || body.startsWith('~1p') ? decodeBase64(body.slice(3)) : undefined;
}

function isZstdBlock(payload: Payload): boolean {
  return ((blockIn(payload)?.[0] ?? 0) & 0x0f) === 2;
}
