import { isQueueError, type QueueError } from '@sqskit/core';
import { framedBody } from '@sqskit/core/wire';
import { createRandom } from '@sqskit/testing';
import fc from 'fast-check';
import { describe, expect, test, vi } from 'vitest';
import { readBlock, writeBlock } from '../src/block.ts';
import { crc32, portableCrc32 } from '../src/crc32.ts';
import {
  type CompressionOptions,
  type Compressor,
  compressed,
  createDictionary,
  type Engine,
} from '../src/index.ts';
import { compressorOf, engines, withoutZstd } from './engines.ts';
import { contentOrError, openedOrError, sealSoon } from './opening.ts';

const utf8 = new TextEncoder();
const text = JSON.stringify(Array.from({ length: 30 }, (_, id) => ({ id, place: 'Añatuya', felt: null })));
const bytes = utf8.encode(text);
const dictionary = createDictionary(utf8.encode('{"id":1,"place":"Añatuya","felt":null},'));
const other = createDictionary(utf8.encode('{"name":"something else","felt":true}..'));

interface Case {
  readonly name: string;
  readonly algorithm: 'deflate' | 'zstd';
  readonly engine: Engine;
}
const cases: readonly Case[] = [
  { name: 'deflate on zlib', algorithm: 'deflate', engine: engines.node },
  { name: 'zstd on zlib', algorithm: 'zstd', engine: engines.node },
  { name: 'deflate on fflate', algorithm: 'deflate', engine: engines.fflate },
];

/** A block as any writer may make it. */
function blockOf(
  { algorithm, engine }: Case,
  content: Uint8Array,
  given: { readonly dictionary?: typeof dictionary; readonly claimed?: Uint8Array } = {},
): Uint8Array {
  return writeBlock(given.claimed ?? content, {
    algorithm,
    isText: true,
    dictionaryId: given.dictionary?.id,
    data: compressorOf(engine, algorithm).compress(content, 6, given.dictionary?.bytes),
  });
}

function opened(block: Uint8Array, options: CompressionOptions): unknown {
  return contentOrError(compressed(options), framedBody('c', block));
}

function failure(block: Uint8Array, options: CompressionOptions): string {
  const error = opened(block, options);
  return isQueueError(error, 'decode-failed') ? error.message : `opened: ${String(error)}`;
}

test('both ways of taking a CRC-32 agree, whole and in pieces', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), fc.nat({ max: 300 }), (any, cut) => {
      expect(crc32(any)).toBe(portableCrc32(any));
      expect(portableCrc32(any.subarray(cut), portableCrc32(any.subarray(0, cut)))).toBe(crc32(any));
    }),
  );
});

describe('a block', () => {
  test('says what was written into it', () => {
    const anyBlock = fc.record({
      content: fc.uint8Array({ maxLength: 20_000, size: 'max' }),
      algorithm: fc.constantFrom('stored' as const, 'deflate' as const, 'zstd' as const),
      isText: fc.boolean(),
      dictionaryId: fc.option(fc.integer({ min: 0, max: 0xffff_ffff }), { nil: undefined }),
    });
    fc.assert(
      fc.property(anyBlock, ({ content, ...rest }) => {
        const written = { ...rest, data: content };
        const block = readBlock(writeBlock(content, written), content.length);
        expect(block).toEqual({ ...written, length: content.length, crc: crc32(content) });
      }),
    );
  });

  test('is read wherever it lies in a larger buffer', () => {
    const block = writeBlock(bytes, { algorithm: 'stored', isText: true, dictionaryId: 7, data: bytes });
    const larger = new Uint8Array(block.length + 10);
    larger.set(block, 5);
    expect(readBlock(larger.subarray(5, 5 + block.length), 9_999)).toEqual(readBlock(block, 9_999));
  });

  test.each([
    ['nothing', []],
    ['an algorithm that is not known', [0x03, 1, 0, 0, 0, 0, 65]],
    ['the highest algorithm', [0x0f, 1, 0, 0, 0, 0, 65]],
    ['a flag that is not known', [0x40, 1, 0, 0, 0, 0, 65]],
    ['another flag that is not known', [0x80, 1, 0, 0, 0, 0, 65]],
    ['no length', [0x00]],
    ['a length that does not end', [0x00, 0x80]],
    ['a length of six bytes', [0x00, 0x80, 0x80, 0x80, 0x80, 0x80, 0x01]],
    ['a length of more than 32 bits', [0x00, 0xff, 0xff, 0xff, 0xff, 0x1f, 0, 0, 0, 0]],
    ['a length with a zero too many', [0x00, 0x81, 0x00, 0, 0, 0, 0, 65]],
    ['half a CRC-32', [0x00, 0x01, 0, 0]],
    ['half a dictionary id', [0x20, 0x01, 0, 0, 0, 0, 0, 0]],
    ['less than it says', [0x00, 0x02, 0, 0, 0, 0, 65]],
  ])('of %s is refused', (_, given) => {
    expect(() => readBlock(Uint8Array.from(given), 0xffff_ffff)).toThrow(
      expect.objectContaining({ code: 'decode-failed' }),
    );
  });

  test('a stored content is checked like any other', () => {
    const block = writeBlock(bytes, {
      algorithm: 'stored',
      isText: true,
      dictionaryId: undefined,
      data: bytes,
    });
    expect(opened(block, {})).toBe(text);
    expect(failure(block.with(-1, 0), {})).toContain('CRC-32');
    expect(failure(Uint8Array.of(...block, 1), {})).toContain('not as long as');
  });
});

describe.each(cases)('$name', (given) => {
  const { algorithm, engine } = given;
  const block = blockOf(given, bytes);
  const reading: CompressionOptions = { engine };

  test('cut off anywhere, it fails alone', () => {
    for (let length = 0; length < block.length; length++) {
      expect(failure(block.subarray(0, length), reading)).toContain('[decode-failed]');
    }
  });

  test('with any one bit turned, it fails alone or is still the content', () => {
    const wrong: number[] = [];
    for (let bit = 0; bit < block.length * 8; bit++) {
      const content = opened(block.with(bit >> 3, (block[bit >> 3] ?? 0) ^ (1 << (bit & 7))), reading);
      const isText = typeof content === 'string' || content instanceof Uint8Array;
      if (
        isText ? Buffer.from(content as string).toString() !== text : !isQueueError(content, 'decode-failed')
      ) {
        wrong.push(bit);
      }
    }
    expect(wrong).toEqual([]);
  });

  test('a length that claims more or less than there is, is noticed', () => {
    for (const claimed of [
      bytes.subarray(1),
      Uint8Array.of(...bytes, 32),
      bytes.subarray(0, 1),
      new Uint8Array(),
    ]) {
      expect(failure(blockOf(given, bytes, { claimed }), reading)).toContain('[decode-failed]');
    }
  });

  test('exactly the limit is allowed, and a claim of more is refused before anything is done', () => {
    expect(opened(block, { ...reading, maxOutputBytes: bytes.length })).toBe(text);
    const decompress = vi.fn<Compressor['decompress']>();
    const watched: Engine = {
      compressor(name) {
        const inner = engine.compressor(name);
        return inner && { ...inner, decompress };
      },
    };
    expect(failure(block, { engine: watched, maxOutputBytes: bytes.length - 1 })).toContain(
      `claims to expand to ${bytes.length.toLocaleString('en-US')} bytes, more than the`,
    );
    expect(decompress).not.toHaveBeenCalled();
  });

  test('a bomb that says what it is is refused; one that lies is stopped where it said it would end', () => {
    const mebibytes = 64;
    const bomb = new Uint8Array(mebibytes * 1_048_576);
    const compressedBomb = compressorOf(engine, algorithm).compress(bomb, 1);
    expect(compressedBomb.length).toBeLessThan(bomb.length / 200);
    const claiming = (claimed: Uint8Array): Uint8Array =>
      writeBlock(claimed, { algorithm, isText: true, dictionaryId: undefined, data: compressedBomb });
    expect(failure(claiming(bomb), reading)).toContain('claims to expand to 67,108,864 bytes');
    expect(failure(claiming(bytes), reading)).toContain('expands to more than');
    expect(failure(claiming(new Uint8Array()), reading)).toContain('[decode-failed]');
  });

  test('a claim of more than such data can hold is refused', () => {
    const claimed = writeBlock(new Uint8Array(16_000_000), {
      algorithm,
      isText: true,
      dictionaryId: undefined,
      data: compressorOf(engine, algorithm).compress(utf8.encode('a'), 6),
    });
    expect(failure(claimed, reading)).toContain('more than its data can hold');
  });

  test('a dictionary makes it smaller and is found by its id', () => {
    const small = utf8.encode('{"id":7,"place":"Añatuya","felt":null}');
    const shared = blockOf(given, small, { dictionary });
    expect(shared.length).toBeLessThan(blockOf(given, small).length + 4);
    const dictionaries = [other, dictionary];
    expect(opened(shared, { ...reading, dictionaries })).toBe(new TextDecoder().decode(small));
    const id = dictionary.id.toString(16).padStart(8, '0');
    expect(failure(shared, { ...reading, dictionary: other })).toContain(`needs the dictionary ${id}`);
    expect(failure(shared, reading)).toContain(`needs the dictionary ${id}`);
  });

  test('what was compressed with another dictionary than it says is noticed', () => {
    const shared = blockOf(given, bytes, { dictionary });
    const lying = shared.slice();
    new DataView(lying.buffer).setUint32(7, other.id, true);
    expect(failure(lying, { ...reading, dictionaries: [other, dictionary] })).toContain('[decode-failed]');
  });

  test('off the event loop, the same message comes of it, and the same errors', async () => {
    const random = createRandom(3);
    const content = JSON.stringify(Array.from({ length: 3_000 }, (_, id) => ({ id, value: random() })));
    const common = { engine, algorithm, dictionary } as const;
    const later = compressed({ ...common, maxBlockMs: 0 });
    const here = await sealSoon(compressed({ ...common, maxBlockMs: Number.POSITIVE_INFINITY }), content);
    const there = await sealSoon(later, content);
    expect(there.payload).toEqual(here.payload);
    expect(await openedOrError(later, there.payload)).toMatchObject({ content });

    const { body } = there.payload;
    const damaged = `${body.slice(0, -400)}${body.slice(-400).split('').toReversed().join('')}`;
    expect(await openedOrError(later, { body: damaged })).toMatchObject({ error: { code: 'decode-failed' } });
  });
});

test('blocks of zstd fail alone, and say why, on a runtime that has none', () => {
  const block = blockOf({ name: '', algorithm: 'zstd', engine: engines.node }, bytes);
  for (const engine of [withoutZstd, engines.fflate]) {
    expect(failure(block, { engine })).toContain('compressed by zstd, which this runtime does not have');
  }
});

test('a dictionary is of no use to a zstd that takes none', () => {
  const given = { name: '', algorithm: 'zstd', engine: engines.node } as const;
  const engine: Engine = {
    compressor(algorithm) {
      const inner = engines.node.compressor(algorithm);
      return inner && { ...inner, takesDictionary: algorithm !== 'zstd' };
    },
  };
  expect(failure(blockOf(given, bytes, { dictionary }), { engine, dictionary })).toContain('takes none');
});

test('bytes marked as text that are not UTF-8 fail alone', () => {
  const latin1 = Uint8Array.of(0x63, 0x61, 0x66, 0xe9);
  const block = writeBlock(latin1, {
    algorithm: 'stored',
    isText: true,
    dictionaryId: undefined,
    data: latin1,
  });
  expect(failure(block, {})).toContain('is not UTF-8');
});

test('a body that points at an attribute needs it to be there', () => {
  const envelope = compressed();
  const block = blockOf({ name: '', algorithm: 'deflate', engine: engines.node }, bytes);
  const sqskit = { type: 'Binary', value: block } as const;
  const failed = (payload: Parameters<typeof envelope.open>[0]): unknown => {
    const result = envelope.open(payload);
    const [item] = result instanceof Promise ? [] : result.items;
    return item !== undefined && 'error' in item ? (item.error satisfies QueueError).message : item;
  };
  expect(failed({ body: '~1ac', attributes: { sqskit } })).toMatchObject({ content: text, attributes: {} });
  expect(failed({ body: '~1ac' })).toContain('its Binary attribute `sqskit`');
  expect(failed({ body: '~1ac', attributes: { sqskit: { type: 'String', value: 'x' } } })).toContain(
    'Binary',
  );
  expect(failed({ body: '~1az', attributes: { sqskit } })).toContain("kind 'a'");
  expect(failed({ body: '~1ap', attributes: { sqskit } })).toContain('[decode-failed]');
});
