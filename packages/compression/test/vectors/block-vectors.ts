import type { Item, MessageAttributes, OpenedItem, Payload } from '@sqskit/core';
import {
  type CompressionOptions,
  compressed,
  createDictionary,
  fflateEngine,
  packed,
} from '../../src/index.ts';

/** The dictionary of the vectors, as text. */
export const dictionaryText = '{"id":1,"place":"Añatuya","felt":null}';
export const dictionary = createDictionary(new TextEncoder().encode(dictionaryText));

/** A payload or an item in JSON: bytes are `hex`. */
export interface VectorItem {
  readonly id?: string;
  readonly text?: string;
  readonly hex?: string;
  readonly attempt?: number;
  readonly traceHeader?: string;
  readonly attributes?: Readonly<Record<string, readonly [type: string, value: string]>>;
}
export interface Vector {
  readonly body: string;
  /** The bytes of the attribute `sqskit`. */
  readonly sqskit?: string;
  readonly items: readonly VectorItem[];
}

const options = { engine: fflateEngine, thresholdBytes: 0, dictionary } satisfies CompressionOptions;
const envelopes = {
  body: compressed({ ...options, dictionary: undefined }),
  dictionary: compressed(options),
  attribute: compressed({ ...options, dictionary: undefined, transport: 'attribute' }),
  pack: packed({ engine: fflateEngine }),
  packInAttribute: packed({ engine: fflateEngine, transport: 'attribute' }),
};
export type Writer = keyof typeof envelopes;

const note = 'the same again and again, ';

/** What the vectors are written of. */
export const sources: readonly (readonly [writer: Writer, items: readonly [Item, ...Item[]]])[] = [
  ['body', [{ id: '', content: note.repeat(3), attempt: 0 }]],
  ['body', [{ id: '', content: 'grüße 😀 '.repeat(6), attempt: 0 }]],
  ['body', [{ id: '', content: new Uint8Array(200).fill(7), attempt: 0 }]],
  [
    'dictionary',
    [{ id: '', content: '{"id":7,"place":"Añatuya","felt":null,"place":"Añatuya"}', attempt: 0 }],
  ],
  ['attribute', [{ id: '', content: note.repeat(3), attempt: 0 }]],
  [
    'pack',
    [41, 42, 43].map((n) => ({ id: `orders-${n}`, content: `{"n":${n}}`, attempt: 0 })) as [Item, Item, Item],
  ],
  [
    'pack',
    [
      { id: 'a', content: note, attempt: 0 },
      { id: 'b', content: 'two\nlines', attempt: 2, traceHeader: 'Root=1-5759e988-bd862e3fe1be46a994272793' },
      {
        id: 'c',
        content: Uint8Array.of(0, 10, 255),
        attempt: 0,
        attributes: {
          kind: { type: 'String', value: 'x' },
          raw: { type: 'Binary', value: Uint8Array.of(1, 2) },
        },
      },
      { id: 'd', content: `${note}${note}`, attempt: 0 },
    ],
  ],
  ['pack', [{ id: 'orders-7', content: '{"n":7}', attempt: 1 }]],
  [
    'packInAttribute',
    [1, 2].map((n) => ({ id: `p${n}`, content: `${note}${n}`, attempt: 0 })) as [Item, Item],
  ],
];

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}

export async function payloadOf(writer: Writer, items: readonly [Item, ...Item[]]): Promise<Payload> {
  const { payload, taken } = await envelopes[writer].seal(items, 1_048_576);
  if (taken !== items.length) {
    throw new Error('the items do not fit one message');
  }
  return payload;
}

/** An item as the vectors have it: what is empty, 0 or not there is left out. */
function vectorItem({ id, content, attempt, traceHeader, attributes = {} }: Item | OpenedItem): VectorItem {
  const entries = Object.entries(attributes satisfies MessageAttributes).map(
    ([name, { type, value }]) => [name, [type, typeof value === 'string' ? value : hex(value)]] as const,
  );
  return {
    ...(id === undefined || id === '' ? {} : { id }),
    ...(typeof content === 'string' ? { text: content } : { hex: hex(content) }),
    ...(attempt === 0 ? {} : { attempt }),
    ...(traceHeader === undefined ? {} : { traceHeader }),
    ...(entries.length === 0 ? {} : { attributes: Object.fromEntries(entries) }),
  };
}

export function vectorOf({ body, attributes = {} }: Payload, items: readonly (Item | OpenedItem)[]): Vector {
  const carrier = attributes['sqskit']?.value;
  return {
    body,
    ...(carrier instanceof Uint8Array ? { sqskit: hex(carrier) } : {}),
    items: items.map(vectorItem),
  };
}
