import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { projectFiles, projectRoot } from '../project.ts';
import { anchorsOf, parseMarkdown } from './markdown.ts';

const documents = projectFiles(
  '*.md',
  'docs/**/*.md',
  '{packages,apps}/*/README.md',
  '{benchmarks,tests}/README.md',
);

const markdownOf = (path: string) => parseMarkdown(readFileSync(path, 'utf8'));

const isElsewhere = (target: string): boolean => /^[a-z][a-z+.-]*:/i.test(target) || target.startsWith('//');

/** Why a link leads nowhere; `undefined` if it leads somewhere. */
function faultOf(document: string, target: string): string | undefined {
  const [path = '', anchor] = target.split('#');
  const file =
    path === '' ? join(projectRoot, document) : join(projectRoot, dirname(document), decodeURI(path));
  if (!existsSync(file)) {
    return 'no such file';
  }
  if (anchor === undefined || !file.endsWith('.md')) {
    return undefined;
  }
  return anchorsOf(markdownOf(file).headings).includes(anchor) ? undefined : `no heading #${anchor}`;
}

describe('relative links', () => {
  test.each(documents)('of %s lead to files and headings that exist', (document) => {
    const faults = markdownOf(join(projectRoot, document))
      .links.filter(({ target }) => !isElsewhere(target))
      .map(({ target, line }) => ({ at: `${document}:${line}`, target, fault: faultOf(document, target) }))
      .filter(({ fault }) => fault !== undefined);
    expect(faults).toEqual([]);
  });

  test('that lead nowhere are found', () => {
    expect(faultOf('CONTRIBUTING.md', 'no-such-file.md')).toBe('no such file');
    expect(faultOf('CONTRIBUTING.md', '#no-such-heading')).toBe('no heading #no-such-heading');
    expect(faultOf('CONTRIBUTING.md', '#tests')).toBeUndefined();
  });
});
