import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Content, type Item, type OpenedItem, plain } from '@sqskit/core';
import { describe, expect, test } from 'vitest';
import { projectRoot } from '../project.ts';
import { parseMarkdown } from './markdown.ts';

interface Vector {
  readonly body: string;
  readonly text?: string;
  readonly hex?: string;
}

interface Vectors {
  readonly written: readonly Vector[];
  readonly read: readonly Vector[];
  readonly refused: readonly Vector[];
}

const { blocks } = parseMarkdown(readFileSync(join(projectRoot, 'docs/wire-format.md'), 'utf8'));
const [vectors]: Vectors[] = blocks
  .filter(({ language }) => language === 'json')
  .map(({ code }) => JSON.parse(code));
const { written = [], read = [], refused = [] } = vectors ?? {};

const contentOf = ({ text, hex = '' }: Vector): Content => text ?? Uint8Array.from(Buffer.from(hex, 'hex'));

/** So that a Buffer equals a Uint8Array of the same bytes. */
const comparable = (content: Content): unknown => (typeof content === 'string' ? content : [...content]);

async function opened(body: string): Promise<readonly unknown[]> {
  const { items } = await plain().open({ body });
  return items.map((item) => ('error' in item ? item.error.code : comparable((item as OpenedItem).content)));
}

describe('the vectors of docs/wire-format.md hold for the plain envelope', () => {
  test('there are some of each kind', () => {
    expect([written, read, refused].every(({ length }) => length > 0)).toBe(true);
  });

  test.each(written)('$body is written, and read back', async (vector) => {
    const item: Item = { id: '1', content: contentOf(vector), attempt: 0 };
    const { payload } = await plain().seal([item], 1_024);
    expect(payload).toEqual({ body: vector.body, attributes: undefined });
    expect(await opened(vector.body)).toEqual([comparable(contentOf(vector))]);
  });

  test.each(read)('$body is read', async (vector) => {
    expect(await opened(vector.body)).toEqual([comparable(contentOf(vector))]);
  });

  test.each(refused)('$body is refused', async ({ body }) => {
    expect(await opened(body)).toEqual(['decode-failed']);
  });
});
