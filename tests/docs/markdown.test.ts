import { describe, expect, test } from 'vitest';
import { anchorsOf, parseMarkdown } from './markdown.ts';

const lines = (...text: readonly string[]): string => text.join('\n');

describe('blocks of code', () => {
  test('come with language, flags and the line of their first line of code', () => {
    const { blocks } = parseMarkdown(lines('# Title', '', '```ts no-run', 'a();', 'b();', '```', 'prose'));
    expect(blocks).toEqual([{ language: 'ts', info: 'no-run', line: 4, code: 'a();\nb();\n' }]);
  });

  test('may be indented, in a list', () => {
    const { blocks } = parseMarkdown(
      lines('1. first', '', '   ```sh', '   npm ci', '     --silent', '   ```'),
    );
    expect(blocks).toEqual([{ language: 'sh', info: '', line: 4, code: 'npm ci\n  --silent\n' }]);
  });

  test('end with a fence as long as the one they began with', () => {
    const { blocks } = parseMarkdown(lines('````md', '```ts', 'a();', '```', '````', '~~~', '```', '~~~'));
    expect(blocks.map(({ language, code }) => [language, code])).toEqual([
      ['md', '```ts\na();\n```\n'],
      ['', '```\n'],
    ]);
  });

  test('that are not closed are an error', () => {
    expect(() => parseMarkdown(lines('', '```ts', 'a();'))).toThrow('from line 2 on is not closed');
  });
});

describe('links', () => {
  test('are found with their lines, outside code', () => {
    const { links } = parseMarkdown(
      lines('[a](a.md) and ![b](<b.png> "B")', '`[no](no.md)`', '```', '[no](no.md)', '```', '[c]: c.md#d'),
    );
    expect(links).toEqual([
      { target: 'a.md', line: 1 },
      { target: 'b.png', line: 1 },
      { target: 'c.md#d', line: 6 },
    ]);
  });
});

describe('anchors', () => {
  test('are those that GitHub makes of the headings', () => {
    const { headings } = parseMarkdown(
      lines(
        '# Errors of `core`',
        '## message-too-large',
        '### What, why?',
        '```',
        '# no',
        '```',
        '## A & B ##',
      ),
    );
    expect(anchorsOf(headings)).toEqual(['errors-of-core', 'message-too-large', 'what-why', 'a--b']);
  });

  test('are numbered where a heading occurs again', () => {
    expect(anchorsOf(['Use', 'Use', 'Use'])).toEqual(['use', 'use-1', 'use-2']);
  });
});
