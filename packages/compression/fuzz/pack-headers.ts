import type { Draw } from './draw.ts';

const counts = [0, 1, 2, 3, -1, 1.5, 1e9, 1e308, 4_294_967_296, '2', null, [], {}, true] as const;
const names = [
  'n',
  'id',
  'at',
  'ids',
  'attempts',
  'attributes',
  'traces',
  'lengths',
  'bytes',
  'more',
] as const;

/** An uncompressed pack whose header may say anything about what follows. */
export function lyingPack(draw: Draw): Uint8Array {
  const contents = Array.from({ length: 1 + draw.below(4) }, () => 'x'.repeat(draw.below(20)));
  const header: Record<string, unknown> = { n: contents.length, id: 'a-', at: 1 };
  for (let fields = draw.below(3); fields > 0; fields--) {
    const name = draw.of(names);
    header[name] = draw.below(3) === 0 ? lieOf(draw, 0) : almostTrue(draw, name, contents);
  }
  const lines = [draw.below(20) === 0 ? brokenJson(draw, header) : JSON.stringify(header), ...contents];
  const pack = Buffer.from(lines.join(header['lengths'] === undefined ? '\n' : draw.of(['', '\n'])));
  return draw.below(20) === 0 ? pack.subarray(0, draw.below(pack.length + 1)) : pack;
}

/** A field as it should be, but for one place of it now and then. */
function almostTrue(draw: Draw, name: (typeof names)[number], contents: readonly string[]): unknown {
  const each = (make: (content: string, index: number) => unknown): unknown[] => {
    const wrong = draw.below(2) === 0 ? draw.below(contents.length) : undefined;
    return contents.map((content, index) => (index === wrong ? lieOf(draw, 2) : make(content, index)));
  };
  switch (name) {
    case 'n':
      return contents.length + draw.below(3) - 1;
    case 'ids':
      return each((_, index) => `id-${index}`);
    case 'attempts':
      return each((_, index) => index);
    case 'traces':
      return each(() => draw.of([null, 'Root=1-2-3']));
    case 'lengths':
      return each((content) => content.length);
    case 'bytes':
      return each((_, index) => index);
    case 'attributes':
      return Object.fromEntries(each(() => ({ tenant: ['String', 'a'], raw: ['Binary', 'AAAA'] })).entries());
    default:
      return lieOf(draw, 0);
  }
}

function brokenJson(draw: Draw, header: object): string {
  return draw.of([
    '',
    '[]',
    'null',
    '"text"',
    '{',
    `${JSON.stringify(header)}}`,
    ' ',
    '\u0000',
    '['.repeat(5_000),
  ]);
}

function lieOf(draw: Draw, depth: number): unknown {
  switch (draw.below(depth > 2 ? 3 : 6)) {
    case 0:
    case 1:
      return draw.of(counts);
    case 2:
      return draw.of(['', 'a', '\ud800', 'x'.repeat(300), '__proto__']);
    case 3:
      return Array.from({ length: draw.below(5) }, () => lieOf(draw, depth + 1));
    case 4:
      return draw.of([
        ['String', 'value'],
        ['Binary', 'AAAA'],
        ['Binary', '!'],
        ['Other', 'value'],
        ['String', 1],
        ['String'],
      ]);
    default: {
      const entries = Array.from({ length: draw.below(4) }, () => [
        draw.of(['0', '1', '2', '9', '-1', '__proto__', 'constructor', 'name']),
        lieOf(draw, depth + 1),
      ]);
      return Object.fromEntries(entries);
    }
  }
}
