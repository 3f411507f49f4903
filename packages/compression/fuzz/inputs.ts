import type { Content, Payload } from '@sqskit/core';
import { encodeBase64, readBody } from '@sqskit/core/wire';
import { type BlockClaims, blockOf, compress, honestClaims, payloadOf } from './block.ts';
import { bombOf } from './bombs.ts';
import { blockIn, contentOf, dictionaries, type Genuine, unknownDictionary } from './corpus.ts';
import type { Draw } from './draw.ts';
import { lyingPack } from './pack-headers.ts';

export const inputKinds = [
  'untouched',
  'cut off',
  'bits flipped',
  'spliced',
  'wrong dictionary',
  'wrong claims',
  'lying pack',
  'bomb',
  'garbage',
] as const;

export type InputKind = (typeof inputKinds)[number];

export interface FuzzInput {
  readonly kind: InputKind;
  readonly payload: Payload;
  /**
   * What must come of it: `intact` the contents as they are; `damaged` each item one of the contents, or an error; `refused`
   * an error; `bounded` anything within the limits, because nothing in the format says what it was.
   */
  readonly expected: 'intact' | 'damaged' | 'refused' | 'bounded';
  readonly contents: readonly Content[];
  readonly needs: Genuine['needs'];
}

/** Draws one input, of the kinds in turn. */
export function inputOf(draw: Draw, index: number, genuine: readonly Genuine[]): FuzzInput {
  const kind = inputKinds[index % inputKinds.length] ?? 'garbage';
  const message = genuine[draw.below(genuine.length)];
  if (message === undefined) {
    throw new Error('no messages to change');
  }
  return { kind, ...makers[kind](draw, message, genuine) };
}

type Made = Omit<FuzzInput, 'kind'>;

const nothing = { contents: [], needs: undefined } as const;

const makers: Readonly<
  Record<InputKind, (draw: Draw, message: Genuine, genuine: readonly Genuine[]) => Made>
> = {
  untouched: (_, message) => ({ ...message, expected: 'intact' }),

  'cut off': (draw, message) =>
    changed(message, (bytes) => bytes.subarray(0, draw.below(bytes.length)), draw),

  'bits flipped': (draw, message) =>
    changed(
      message,
      (bytes) => {
        const flipped = Uint8Array.from(bytes);
        for (let flips = draw.below(4); flips >= 0 && flipped.length > 0; flips--) {
          const at = draw.below(flipped.length);
          flipped[at] = (flipped[at] ?? 0) ^ (1 << draw.below(8));
        }
        return flipped;
      },
      draw,
    ),

  spliced(draw, message, genuine) {
    const { payload: other, contents } = genuine[draw.below(genuine.length)] ?? message;
    const tail = blockIn(other) ?? Buffer.from(other.body);
    const spliced = changed(
      message,
      (bytes) => {
        const head = bytes.subarray(0, draw.below(bytes.length + 1));
        return Buffer.concat([head, tail.subarray(draw.below(tail.length + 1))]);
      },
      draw,
    );
    return { ...spliced, contents: [...spliced.contents, ...contents] };
  },

  'wrong dictionary'(draw) {
    const content = textBytes(draw);
    const algorithm = draw.of(['deflate', 'zstd']);
    const [known, other] = dictionaries;
    const written = draw.of([other, unknownDictionary]);
    // Either says so and is not known, or claims another one that is.
    const id = draw.of([unknownDictionary.id, known.id]);
    const claims = { ...honestClaims(content, algorithm, written), dictionaryId: id };
    return {
      payload: payloadOfAny(draw, claims),
      expected: id === known.id ? 'damaged' : 'refused',
      contents: [content],
      needs: undefined,
    };
  },

  'wrong claims'(draw) {
    const content = textBytes(draw);
    const honest = honestClaims(content, draw.of(['stored', 'deflate', 'zstd']));
    const lie: Partial<BlockClaims> = draw.of([
      { crc: (honest.crc ^ (1 << draw.below(32))) >>> 0 },
      { length: honest.length + 1 + draw.below(9) },
      { length: Math.max(0, honest.length - 1 - draw.below(9)) },
      { length: 4_294_967_295 },
      { data: compress(content.subarray(1), honest.algorithm) },
    ]);
    return { ...nothing, payload: payloadOfAny(draw, { ...honest, ...lie }), expected: 'refused' };
  },

  'lying pack'(draw) {
    const algorithm = draw.of(['stored', 'deflate']);
    const block = blockOf(honestClaims(lyingPack(draw), algorithm));
    return {
      ...nothing,
      payload: payloadOf('p', block, draw.of(['body', 'attribute'])),
      expected: 'bounded',
    };
  },

  bomb: (draw) => ({ ...nothing, payload: bombOf(draw), expected: 'refused' }),

  garbage(draw) {
    const block = draw.bytes(draw.below(200));
    const text = String.fromCharCode(...draw.bytes(draw.below(100)));
    const letter = String.fromCharCode(97 + draw.below(26));
    const value = draw.of([block, text, new Uint8Array()]);
    return {
      ...nothing,
      payload: {
        body: draw.of([
          text,
          `~1${letter}${text}`,
          `~1${letter}${encodeBase64(block)}`,
          '~1ac',
          '~1ap',
          `~1a${text}`,
          '~1',
          '',
        ]),
        attributes: draw.of([
          undefined,
          { sqskit: { type: typeof value === 'string' ? 'String' : 'Binary', value } },
        ]),
      },
      expected: 'bounded',
    };
  },
};

/** The message with its block changed, or now and then its body. */
function changed(message: Genuine, change: (bytes: Uint8Array) => Uint8Array, draw: Draw): Made {
  const { payload, contents, needs, isForeign } = message;
  const block = blockIn(payload);
  if (block !== undefined && draw.below(4) > 0) {
    const [, inAttribute, kind] = /^~1(a?)(c|p)/.exec(payload.body) ?? [];
    const transport = inAttribute === 'a' ? 'attribute' : 'body';
    const changedPayload = payloadOf(kind === 'p' ? 'p' : 'c', change(block), transport);
    return { payload: changedPayload, expected: 'damaged', contents, needs };
  }
  const body = Buffer.from(change(Buffer.from(payload.body))).toString();
  const wire = readBody(body);
  // Kinds that have no checksum, and another kind than it was.
  const isUnchecked =
    isForeign ||
    body.slice(0, 4) !== payload.body.slice(0, 4) ||
    body.startsWith('~1b') ||
    body.startsWith('~1q');
  return {
    payload: { ...payload, body },
    expected: isUnchecked ? 'bounded' : 'damaged',
    contents: 'text' in wire ? [...contents, wire.text] : contents,
    needs,
  };
}

function payloadOfAny(draw: Draw, claims: BlockClaims): Payload {
  return payloadOf(draw.of(['c', 'p']), blockOf(claims), draw.of(['body', 'attribute']));
}

function textBytes(draw: Draw): Uint8Array {
  const content = contentOf(draw);
  const bytes = typeof content === 'string' ? Buffer.from(content) : content;
  return bytes.length > 1 ? bytes : Buffer.from('a text');
}
