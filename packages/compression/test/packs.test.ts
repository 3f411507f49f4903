import {
  type BrokenItem,
  type Item,
  isQueueError,
  type MessageAttributes,
  type OpenedItem,
} from '@sqskit/core';
import fc from 'fast-check';
import { describe, expect, test, vi } from 'vitest';
import { readPack } from '../src/pack-reader.ts';
import { createPackWriter } from '../src/pack-writer.ts';
import { anyContent } from './contents.ts';

const utf8 = new TextEncoder();
const none: MessageAttributes = {};

function packOf(items: readonly Item[]): { readonly pack: Uint8Array; readonly isText: boolean } {
  const writer = createPackWriter();
  const count = writer.gather(items, items.length, Number.POSITIVE_INFINITY);
  const { bytes, isText } = writer.pack(count);
  return { pack: bytes.slice(), isText };
}

function textOfPack(items: readonly Item[]): string {
  return new TextDecoder().decode(packOf(items).pack);
}

function item(id: string, content: Item['content'], rest: Partial<Item> = {}): Item {
  return { id, content, attempt: 0, ...rest };
}

/** With bytes of any class alike, as JSON has a Buffer. */
function comparable(given: OpenedItem | BrokenItem): unknown {
  const plain = (_: string, value: unknown): unknown =>
    value instanceof Uint8Array ? { type: 'Buffer', data: [...value] } : value;
  return JSON.parse(JSON.stringify(given, plain));
}

/** What `JSON` of a header and contents reads as. */
function read(header: unknown, contents: string): readonly (OpenedItem | BrokenItem)[] {
  return readPack(utf8.encode(`${JSON.stringify(header)}\n${contents}`), none);
}

describe('a pack', () => {
  test('of texts is a line of JSON and a line for each', () => {
    expect(textOfPack([item('orders-41', '{"a":1}'), item('orders-42', 'é')])).toBe(
      '{"n":2,"id":"orders-","at":41}\n{"a":1}\né',
    );
  });

  test.each([
    ['numbered from nothing', ['7', '8', '9'], { id: '', at: 7 }],
    ['that go over nine', ['a8', 'a9', 'a10'], { id: 'a', at: 8 }],
    ['of one', ['a0'], { id: 'a', at: 0 }],
    ['with a gap', ['a1', 'a3'], { ids: ['a1', 'a3'] }],
    ['that fall', ['a2', 'a1'], { ids: ['a2', 'a1'] }],
    ['with zeros in front', ['a08', 'a09'], { ids: ['a08', 'a09'] }],
    ['with a zero in front later', ['a9', 'a010'], { ids: ['a9', 'a010'] }],
    ['of two bases', ['a1', 'b2'], { ids: ['a1', 'b2'] }],
    ['of which one is longer', ['a1', 'a2x'], { ids: ['a1', 'a2x'] }],
    ['of which one is the base', ['a1', 'a'], { ids: ['a1', 'a'] }],
    ['without numbers', ['a', 'a'], { ids: ['a', 'a'] }],
    ['that are empty', ['', ''], { ids: ['', ''] }],
    ['with more digits than a number has', ['a9007199254740993'], { ids: ['a9007199254740993'] }],
  ])('writes ids %s', (_, ids, header) => {
    const pack = textOfPack(ids.map((id) => item(id, 'x')));
    expect(JSON.parse(pack.slice(0, pack.indexOf('\n')))).toEqual({ n: ids.length, ...header });
    expect(readPack(utf8.encode(pack), none).map(({ id }) => id)).toEqual(ids);
  });

  test('of anything comes out as it went in', () => {
    const attribute = fc.oneof(
      fc.record({ type: fc.constantFrom('String' as const, 'Number.x' as const), value: fc.string() }),
      fc.record({ type: fc.constant('Binary' as const), value: fc.uint8Array() }),
    );
    const anyItem = fc.record({
      id: fc.oneof(
        fc.nat({ max: 20 }).map((number) => `p-${number}`),
        fc.string({ unit: 'binary' }),
      ),
      content: anyContent.filter((content) => typeof content !== 'string' || content.isWellFormed()),
      attributes: fc.option(fc.dictionary(fc.string({ minLength: 1 }), attribute, { maxKeys: 3 }), {
        nil: undefined,
      }),
      traceHeader: fc.option(fc.string(), { nil: undefined }),
      attempt: fc.constantFrom(0, 0, 1, 17),
    });
    fc.assert(
      fc.property(fc.array(anyItem, { minLength: 1, maxLength: 12 }), (items) => {
        const { pack, isText } = packOf(items);
        expect(readPack(pack, none).map(comparable)).toEqual(
          items.map((given) => comparable({ ...given, attributes: given.attributes ?? none })),
        );
        expect(isText).toBe(items.every(({ content }) => typeof content === 'string'));
      }),
    );
  });

  test('of fewer of its items is another header before the same contents', () => {
    const items = Array.from({ length: 30 }, (_, index) =>
      item(`a${index}`, index === 20 ? 'two\nlines' : `${index}`),
    );
    const writer = createPackWriter();
    for (const count of [30, 19, 7, 1]) {
      expect(writer.gather(items, 30, Number.POSITIVE_INFINITY)).toBe(30);
      const fewer = readPack(writer.pack(count).bytes, none);
      expect(fewer.map((one) => 'content' in one && one.content)).toEqual(
        items.slice(0, count).map(({ content }) => content),
      );
    }
  });

  test('takes a header of any size', () => {
    const attributes = { note: { type: 'String', value: 'x'.repeat(5_000) } } as const;
    const [opened] = readPack(packOf([item('a1', 'content', { attributes })]).pack, none);
    expect(opened).toMatchObject({ content: 'content', attributes });
  });

  test('is written alike where there is no Buffer', () => {
    const items = Array.from({ length: 300 }, (_, index) => item(`a${index}`, `é ${index} 🚀`.repeat(60)));
    const { pack } = packOf(items);
    vi.stubGlobal('Buffer', undefined);
    const portable = packOf(items).pack;
    vi.unstubAllGlobals();
    expect(Buffer.compare(portable, pack)).toBe(0);
  });
});

describe('gathering', () => {
  const texts = ['aaaa', 'bbbb', 'cccc', 'dddd'].map((content, index) => item(`a${index}`, content));
  const all = Number.POSITIVE_INFINITY;

  test('stops at the most items and at the most bytes, but takes the first whatever its size', () => {
    const writer = createPackWriter();
    expect(writer.gather(texts, 3, all)).toBe(3);
    expect(writer.gather(texts, 9, 8)).toBe(2);
    expect(writer.gather(texts, 9, 11)).toBe(2);
    expect(writer.gather(texts, 9, 1)).toBe(1);
    expect(writer.rawBytes(1)).toBe(4);
  });

  test('counts attributes and trace headers', () => {
    const attributes = { n: { type: 'String', value: '12345' } } as const; // 12 bytes
    const writer = createPackWriter();
    expect(writer.gather([item('a1', 'aaaa', { attributes, traceHeader: 'Root=1' }), ...texts], 9, 26)).toBe(
      2,
    );
    expect([writer.rawBytes(1), writer.rawBytes(2)]).toEqual([22, 26]);
  });

  test('stops before a text that has no form in UTF-8', () => {
    const writer = createPackWriter();
    const bad = item('bad', 'half \ud83d');
    expect(writer.gather([...texts, bad, ...texts], 99, all)).toBe(4);
    expect(writer.gather([bad, ...texts], 99, all)).toBe(0);
    // Together they would be a pair.
    expect(writer.gather([item('a1', 'line\n'), bad, item('a2', '\ude00')], 99, all)).toBe(1);
  });
});

describe('a pack that came in', () => {
  const good = { n: 2, id: 'a', at: 1 };

  test.each<readonly [what: string, header: unknown, contents: string]>([
    ['no object', [], 'x\ny'],
    ['a number', 2, 'x\ny'],
    ['no count', { id: 'a', at: 1 }, 'x\ny'],
    ['a count of none', { ...good, n: 0 }, ''],
    ['a count below none', { ...good, n: -1 }, ''],
    ['half a count', { ...good, n: 1.5 }, 'x\ny'],
    ['a count as text', { ...good, n: '2' }, 'x\ny'],
    ['more than a pack may hold', { ...good, n: 10_001 }, '\n'.repeat(10_000)],
    ['fewer contents than it says', good, 'x'],
    ['more contents than it says', good, 'x\ny\nz'],
    ['a base that is no text', { ...good, id: 1 }, 'x\ny'],
    ['a base without a number', { n: 2, id: 'a' }, 'x\ny'],
    ['a number below none', { ...good, at: -1 }, 'x\ny'],
    ['ids that are no list', { n: 2, ids: 'ab' }, 'x\ny'],
    ['fewer ids than items', { n: 2, ids: ['a'] }, 'x\ny'],
    ['fewer attempts than items', { ...good, attempts: [1] }, 'x\ny'],
    ['fewer traces than items', { ...good, traces: [] }, 'x\ny'],
    ['attributes that are a list', { ...good, attributes: [] }, 'x\ny'],
    ['fewer lengths than items', { ...good, lengths: [2] }, 'xy'],
    ['lengths beyond the end', { ...good, lengths: [1, 2] }, 'xy'],
    ['lengths that leave something', { ...good, lengths: [1, 0] }, 'xy'],
    ['a length below none', { ...good, lengths: [-1, 3] }, 'xy'],
    ['a length that is no number', { ...good, lengths: ['1', '1'] }, 'xy'],
    ['bytes without lengths', { ...good, bytes: [1] }, 'x\ny'],
    ['bytes that are no list', { ...good, lengths: [1, 1], bytes: 1 }, 'xy'],
  ])('with %s is refused as a whole', (_, header, contents) => {
    expect(() => read(header, contents)).toThrow(expect.objectContaining({ code: 'decode-failed' }));
  });

  test.each([[''], ['no json\nx'], ['{"n":1'], ['{"n":1}'.repeat(3)]])(
    'of %j is refused as a whole',
    (pack) => {
      expect(() => readPack(utf8.encode(pack), none)).toThrow(
        expect.objectContaining({ code: 'decode-failed' }),
      );
    },
  );

  test('that names no ids has none, and what is not known in a header is passed over', () => {
    expect(read({ n: 2, more: { new: 1 } }, 'x\ny')).toEqual(
      ['x', 'y'].map((content) => ({
        content,
        attributes: none,
        attempt: 0,
        id: undefined,
        traceHeader: undefined,
      })),
    );
  });

  test.each<readonly [what: string, header: Record<string, unknown>]>([
    ['an id that is no text', { ids: [7, 'a2'], id: undefined }],
    ['an attempt that is no count', { attempts: [-1, 0] }],
    ['an attempt that is text', { attempts: ['1', 0] }],
    ['a trace header that is no text', { traces: [1, null] }],
    ['attributes that are no object', { attributes: { 0: 'x' } }],
    ['an attribute that is no pair', { attributes: { 0: { a: ['String'] } } }],
    ['an attribute of no type of SQS', { attributes: { 0: { a: ['Text', 'x'] } } }],
    ['an attribute without a value', { attributes: { 0: { a: ['String', 1] } } }],
    ['a Binary attribute that is not base64', { attributes: { 0: { a: ['Binary', '?'] } } }],
  ])('with %s breaks that item alone', (_, header) => {
    const [first, second] = read({ ...good, ...header }, 'x\ny');
    expect(first !== undefined && 'error' in first && isQueueError(first.error, 'decode-failed')).toBe(true);
    expect(second).toMatchObject({ id: 'a2', content: 'y' });
  });

  test('with a header of more than a mebibyte is refused before that is parsed', () => {
    const padded =
      (length: number): (() => unknown) =>
      () => {
        const empty = JSON.stringify({ n: 1, more: '' }).length;
        return read({ n: 1, more: 'x'.repeat(length - empty) }, 'x');
      };
    expect(padded(1_048_575)).not.toThrow();
    expect(padded(1_048_576)).toThrow('longer than 1,048,576 bytes');
  });

  test('with a content that is not UTF-8 breaks that item alone', () => {
    const [first, second] = readPack(
      Uint8Array.of(...utf8.encode(`${JSON.stringify(good)}\n`), 0xe9, 10, 0x79),
      none,
    );
    expect(first).toMatchObject({ id: 'a1', error: { code: 'decode-failed' } });
    expect(second).toMatchObject({ id: 'a2', content: 'y' });
  });

  test('takes what stands on the SQS message for each item that has not its own', () => {
    const outer: MessageAttributes = {
      a: { type: 'String', value: 'outer' },
      b: { type: 'Number', value: '1' },
    };
    const header = { ...good, attributes: { 1: { a: ['String', 'own'] } } };
    const [first, second] = readPack(utf8.encode(`${JSON.stringify(header)}\nx\ny`), outer);
    expect(first).toMatchObject({ attributes: outer });
    expect(second).toMatchObject({ attributes: { a: { type: 'String', value: 'own' }, b: outer['b'] } });
  });

  test('cannot reach what is behind every object', () => {
    const [only] = readPack(
      utf8.encode(
        '{"n":1,"attributes":{"0":{"__proto__":["String","x"]},"__proto__":{"a":["String","y"]}}}\nx',
      ),
      none,
    );
    const attributes = only !== undefined && 'attributes' in only ? only.attributes : {};
    expect(Object.entries(attributes)).toEqual([['__proto__', { type: 'String', value: 'x' }]]);
    expect(Object.getPrototypeOf(attributes)).toBe(Object.prototype);
  });
});
