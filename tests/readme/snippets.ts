import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseMarkdown } from '../docs/markdown.ts';
import { projectFiles, projectRoot } from '../project.ts';

/** A block of TypeScript in our documentation. */
export interface Snippet {
  readonly document: string;
  /** Of its first line, in the document. */
  readonly line: number;
  readonly code: string;
  /** Whatever stands on the fence after `ts`. */
  readonly mark: string;
}

/** Every document whose snippets must work. */
const documents = projectFiles('README.md', 'docs/**/*.md', '{packages,apps}/*/README.md');

const blocksOf = (document: string) =>
  parseMarkdown(readFileSync(join(projectRoot, document), 'utf8')).blocks.map((block) => ({
    document,
    ...block,
  }));

const blocks = documents.flatMap(blocksOf);

export const snippets: readonly Snippet[] = blocks
  .filter(({ language }) => language === 'ts')
  .map(({ document, line, code, info }) => ({ document, line, code, mark: info }));

/** Where a reader finds it, as `packages/core/README.md:27`. */
export const placeOf = ({ document, line }: Pick<Snippet, 'document' | 'line'>): string =>
  `${document}:${line}`;

/** Blocks of code in our language whose fence would keep them from being checked. */
export const unchecked: readonly string[] = blocks
  .filter(({ language }) => /^(typescript|tsx|mts|cts|js|javascript|jsx|mjs)$/i.test(language))
  .map(placeOf);
