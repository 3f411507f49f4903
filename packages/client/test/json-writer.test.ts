import fc from 'fast-check';
import { expect, test } from 'vitest';
import { JsonWriter } from '../src/json-writer.ts';

const writer = new JsonWriter();

function written(value: unknown): string | undefined {
  const bytes = writer.write(value);
  return bytes === undefined ? undefined : Buffer.from(bytes).toString();
}

/** Every code unit, also halves of pairs, short and long enough for either way. */
const text = fc
  .tuple(
    fc.array(fc.oneof(fc.nat(0x7f), fc.nat(0xff), fc.nat(0xffff)), { maxLength: 90 }),
    fc.constantFrom('', 'plain ', '{"a":"b"}', 'é⌘🙂', '\u0000\u001f'),
    fc.nat(30),
  )
  .map(([units, piece, times]) => String.fromCharCode(...units) + piece.repeat(times));

test('values of every kind are written as JSON.stringify has them', () => {
  const leaf = fc.oneof(text, fc.double(), fc.boolean(), fc.constantFrom(null, undefined, Symbol.iterator));
  const { value } = fc.letrec((tie) => ({
    value: fc.oneof(
      { maxDepth: 5 },
      leaf,
      fc.array(tie('value'), { maxLength: 5 }),
      fc.dictionary(text, tie('value'), { maxKeys: 5 }),
    ),
  }));
  fc.assert(
    fc.property(value, (any) => {
      expect(written(any)).toBe(JSON.stringify(any));
    }),
    { numRuns: 2_000 },
  );
});

test('each byte is escaped alike wherever it stands among sixteen', () => {
  for (let code = 0; code < 0x100; code++) {
    for (let before = 0; before < 17; before++) {
      const body = `${'x'.repeat(64 + before)}${String.fromCharCode(code)}${'y'.repeat(before % 3)}`;
      expect(written({ body })).toBe(JSON.stringify({ body }));
    }
  }
});

test('objects that say themselves what they are in JSON are asked', () => {
  const value = {
    when: new Date(0),
    own: { toJSON: () => 'own' },
    gone: { toJSON: () => undefined },
    map: new Map([[1, 2]]),
    number: Object(1),
    bare: Object.assign(Object.create(null), { a: 1 }),
  };
  expect(written(value)).toBe(JSON.stringify(value));
  expect(written([value.gone, value.when])).toBe(JSON.stringify([value.gone, value.when]));
  expect(written(undefined)).toBeUndefined();
});

test('a value that has JSON written while it is written itself is left to others', () => {
  const other = new JsonWriter();
  const value = {
    before: 'x'.repeat(100),
    nested: { toJSON: () => other.write(['y'.repeat(1_000)])?.length },
  };
  expect(written(value)).toBeUndefined();
  expect(written(['next'])).toBe('["next"]');
});

test('what refers to itself is refused as ever', () => {
  const circle: Record<string, unknown> = {};
  circle['circle'] = circle;
  expect(() => written(circle)).toThrow(TypeError);
});

test('what might not fit is left to others, and what comes next is whole', () => {
  const mebibyte = 1_048_576;
  const entries = (count: number, body: string): object => ({
    Entries: Array.from({ length: count }, () => ({ body })),
  });
  const fitting = entries(10, 'x'.repeat(mebibyte / 10));
  expect(written(fitting)).toBe(JSON.stringify(fitting));
  for (const value of [
    entries(10, '\u0001'.repeat(mebibyte / 20)),
    entries(20_000, '\u0001'.repeat(63)),
    entries(150_000, ''),
    Array.from({ length: mebibyte }, () => []),
    { body: '⌘'.repeat(mebibyte), after: 'x'.repeat(100), more: 'y' },
  ]) {
    expect(written(value)).toBeUndefined();
    expect(written({ body: 'next', also: 'x'.repeat(100) })).toBe(
      `{"body":"next","also":"${'x'.repeat(100)}"}`,
    );
  }
});
