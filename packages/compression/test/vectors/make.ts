// Makes the vectors of blocks and packs in docs/wire-format.md anew:
//
//     npx -y pnpm@12.21.0 --filter @sqskit/compression vectors
import { readFileSync, writeFileSync } from 'node:fs';
import { framedBody } from '@sqskit/core/wire';
import { type Block, writeBlock } from '../../src/block.ts';
import { compressed, packed } from '../../src/index.ts';
import { dictionary, dictionaryText, payloadOf, sources, vectorOf } from './block-vectors.ts';

const file = new URL('../../../../docs/wire-format.md', import.meta.url);
const utf8 = new TextEncoder();
const text = utf8.encode('the same again');

const written = await Promise.all(
  sources.map(async ([writer, items]) => ({ writer, ...vectorOf(await payloadOf(writer, items), items) })),
);

const zstd = compressed({ algorithm: 'zstd', thresholdBytes: 0, dictionary });
const read = [
  ...(await Promise.all(
    ['the same again and again, '.repeat(4), '{"id":7,"place":"Añatuya","felt":null,"place":"Añatuya"}'].map(
      async (content) => {
        const item = { id: '', content, attempt: 0 };
        return vectorOf((await zstd.seal([item], 1_048_576)).payload, [item]);
      },
    ),
  )),
  await (async () => {
    const items = [1, 2, 3].map((n) => ({
      id: `p${n}`,
      content: `the same again and again, ${n}`,
      attempt: 0,
    }));
    const [first, ...rest] = items;
    const { payload } = await packed({ algorithm: 'zstd' }).seal(
      [first ?? { id: '', content: '', attempt: 0 }, ...rest],
      1_048_576,
    );
    return vectorOf(payload, items);
  })(),
];

const stored = (over: Partial<Block>, content: Uint8Array = text): Uint8Array =>
  writeBlock(content, { algorithm: 'stored', isText: true, dictionaryId: undefined, data: content, ...over });
const pack = (header: string, contents: string): string =>
  framedBody('p', stored({}, utf8.encode(`${header}\n${contents}`)));
const good = stored({});
const refused = [
  ['nothing', new Uint8Array()],
  ['an algorithm that is not known', good.with(0, 0x13)],
  ['a flag that is not known', good.with(0, 0x50)],
  ['cut off', good.subarray(0, -1)],
  ['another length', good.with(1, text.length - 1)],
  ['another CRC-32', good.with(2, (good[2] ?? 0) ^ 1)],
  ['more than the reader allows', stored({}, new Uint8Array(1_025))],
  ['a dictionary that the reader does not have', stored({ dictionaryId: 1, algorithm: 'deflate' })],
  ['compressed data that is none', stored({ algorithm: 'deflate', data: Uint8Array.of(0xff, 0xff) })],
  ['text that is not UTF-8', stored({}, Uint8Array.of(0xff))],
].map(([why, block]) => ({ why, body: framedBody('c', block as Uint8Array) }));
const refusedPacks = [
  { why: 'a block that should be an attribute and is not there', body: '~1ac' },
  { why: 'a pack without a header', body: pack('no JSON', 'a') },
  { why: 'a pack of no items', body: pack('{"n":0}', '') },
  { why: 'a pack of fewer contents than it says', body: pack('{"n":2,"id":"a","at":1}', 'x') },
  { why: 'a pack of more contents than it says', body: pack('{"n":1,"id":"a","at":1}', 'x\ny') },
  {
    why: 'a pack whose lengths are not those of its contents',
    body: pack('{"n":1,"ids":["a"],"lengths":[2]}', 'x'),
  },
];

const list = (entries: readonly unknown[]): string =>
  entries.map((entry) => `    ${JSON.stringify(entry)}`).join(',\n');
const block = `{
  "dictionary": ${JSON.stringify(dictionaryText)},
  "written": [
${list(written)}
  ],
  "read": [
${list(read)}
  ],
  "refused": [
${list([...refused, ...refusedPacks])}
  ]
}
`;
const marker = /(<!-- vectors:blocks -->\n\n```json\n).*?(```\n\n<!-- \/vectors -->)/s;
const document = readFileSync(file, 'utf8');
if (!marker.test(document)) {
  throw new Error('docs/wire-format.md has no place for the vectors of blocks');
}
writeFileSync(
  file,
  document.replace(marker, (_, before: string, after: string) => `${before}${block}${after}`),
);
