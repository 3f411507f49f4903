import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { projectFiles, projectRoot } from '../project.ts';
import { parseMarkdown } from './markdown.ts';

const read = (path: string): string => readFileSync(join(projectRoot, path), 'utf8');

/** What stands between the braces of an interface in core's source. */
function bodyOf(interfaceName: string): string {
  const source = read('packages/core/src/queue-error.ts');
  const body = new RegExp(`^export interface ${interfaceName} \\{\\n(.*?)^\\}`, 'ms').exec(source)?.[1];
  if (body === undefined) {
    throw new Error(`queue-error.ts has no interface ${interfaceName}`);
  }
  return body;
}

const fieldsIn = (type: string): readonly string[] =>
  [...type.matchAll(/readonly (\w+)\??:/g)].map((match) => match[1] ?? '');

/** Every code of `ErrorDetails` with the names of its details, from the source: there is no second list. */
const codes = new Map(
  bodyOf('ErrorDetails')
    .split(/^(?= {2}['\w])/m)
    .filter((member) => member.trim() !== '')
    .map((member) => {
      const [, code = '', type = ''] = /^ {2}'?([a-z-]+)'?: (.*)/s.exec(member) ?? [];
      const fields = type.startsWith('ServiceFailure') ? fieldsIn(bodyOf('ServiceFailure')) : fieldsIn(type);
      return [code, fields] as const;
    }),
);

const page = 'docs/errors.md';
const documented = parseMarkdown(read(page)).headings.flatMap(
  (heading) => /^`([^`]+)`$/.exec(heading)?.[1] ?? [],
);

/** The text from the heading of a code to the next heading. */
function sectionOf(code: string): string {
  const [, after = ''] = read(page).split(`\n### \`${code}\`\n`);
  return after.split(/^#/m)[0] ?? '';
}

// Where a code must be seen to be raised. Not here: this file names some, and raises none.
const tests = projectFiles('{packages,apps}/*/test/**/*.test.ts', 'tests/**/*.test.ts')
  .filter((path) => path !== 'tests/docs/errors.test.ts')
  .map(read);

/** Whether some test names the code where it asserts: within three lines of an `expect`, in quotes. */
const isAsserted = (code: string): boolean =>
  tests.some((source) => {
    const lines = source.split('\n').map((line) => line.replace(/^\s*(?:\/\/|\*).*$/, ''));
    return lines.some((line, index) => {
      const isNamed = [`'${code}'`, `"${code}"`, `[${code}]`].some((form) => line.includes(form));
      return (
        isNamed &&
        /expect|assert|reject|throw/i.test(lines.slice(Math.max(0, index - 3), index + 4).join('\n'))
      );
    });
  });

describe('the codes in the source', () => {
  test('are all found', () => {
    expect(codes.size).toBe(bodyOf('ErrorDetails').match(/^ {2}\S+: /gm)?.length);
    expect(codes.get('message-too-large')).toEqual(['bytes', 'maxBytes']);
    expect(codes.get('buffer-full')).toContain('maxWaitingBytes');
    expect(codes.get('throttled')).toContain('awsCode');
    expect(codes.get('closed')).toEqual(['what']);
    expect(codes.get('aborted')).toEqual([]);
  });
});

describe('docs/errors.md', () => {
  test('has one section for each code and none for anything else', () => {
    expect([...documented].sort()).toEqual([...codes.keys()].sort());
  });

  test.each([...codes])('says of `%s` what it means, carries, leaves behind and asks for', (code, fields) => {
    const section = sectionOf(code);
    for (const part of ['Means', 'Details', 'Retryable', 'Outcome', 'Do']) {
      expect(section).toContain(`**${part}:**`);
    }
    const details = /\*\*Details:\*\*(.*?)\n- \*\*/s.exec(section)?.[1] ?? '';
    for (const field of fields) {
      expect(details).toContain(`\`${field}\``);
    }
    expect(details.includes('none')).toBe(fields.length === 0);
  });
});

describe('a test sees raised', () => {
  test.each([...codes.keys()])('%s', (code) => {
    expect(isAsserted(code)).toBe(true);
  });
});
