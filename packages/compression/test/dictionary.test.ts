import { crc32 } from 'node:zlib';
import { expect, test } from 'vitest';
import { createDictionary } from '../src/dictionary.ts';

const bytes = new TextEncoder().encode('{"type":"order.placed","currency":"EUR"}');

test('the id of a dictionary is the CRC-32 of its bytes', () => {
  expect(createDictionary(bytes)).toEqual({ id: crc32(bytes), bytes });
  expect(createDictionary(new Uint8Array(8).fill(255)).id).toBe(0x2144df1c);
});

test('a dictionary keeps its bytes when those it was made of change', () => {
  const changing = Uint8Array.from(bytes);
  const dictionary = createDictionary(changing);
  changing.fill(0);
  expect(dictionary.bytes).toEqual(bytes);
});

test.each([
  ['7 bytes', new Uint8Array(7)],
  ['32,769 bytes', new Uint8Array(32_769)],
  ['a text', 'a text of many characters'],
  ['nothing', undefined],
])('%s are refused', (_name, given) => {
  expect(() => Reflect.apply(createDictionary, undefined, [given])).toThrow(
    expect.objectContaining({
      code: 'option-invalid',
      details: expect.objectContaining({ option: 'bytes' }),
    }),
  );
});

test('8 to 32,768 bytes will do', () => {
  expect(createDictionary(new Uint8Array(8)).bytes).toHaveLength(8);
  expect(createDictionary(new Uint8Array(32_768)).bytes).toHaveLength(32_768);
});
