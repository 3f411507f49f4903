/** A fenced block of code. */
interface CodeBlock {
  readonly language: string;
  /** What follows the language on the fence. */
  readonly info: string;
  /** Of the first line of code, from 1. */
  readonly line: number;
  readonly code: string;
}

interface Link {
  readonly target: string;
  readonly line: number;
}

/** What a Markdown file holds, as far as our tests look at it. */
export interface Markdown {
  readonly blocks: readonly CodeBlock[];
  readonly headings: readonly string[];
  readonly links: readonly Link[];
  /** Lines outside blocks of code; those inside are empty, so that line numbers hold. */
  readonly prose: readonly string[];
}

const fenceForm = /^(?<indent>\s*)(?<fence>`{3,}|~{3,})\s*(?<language>[^\s`]*)\s*(?<info>[^`]*)$/;

/** Reads the parts of a Markdown text that tests check. */
export function parseMarkdown(text: string): Markdown {
  const { blocks, prose } = splitBlocks(text.split(/\r?\n/));
  const headings = prose.flatMap((line) => /^#{1,6}\s+(.*?)\s*#*$/.exec(line)?.[1] ?? []);
  const links = prose.flatMap((line, index) =>
    linkTargets(line).map((target) => ({ target, line: index + 1 })),
  );
  return { blocks, headings, links, prose };
}

function splitBlocks(lines: readonly string[]): Pick<Markdown, 'blocks' | 'prose'> {
  const blocks: CodeBlock[] = [];
  const prose: string[] = [];
  let open: { fence: string; indent: number; language: string; info: string; from: number } | undefined;
  for (const [index, line] of lines.entries()) {
    if (open === undefined) {
      const groups = fenceForm.exec(line)?.groups;
      prose.push(groups === undefined ? line : '');
      if (groups !== undefined) {
        const { indent = '', fence = '', language = '', info = '' } = groups;
        open = { fence, indent: indent.length, language, info: info.trim(), from: index + 1 };
      }
      continue;
    }
    prose.push('');
    const closing = line.trim();
    if (closing.startsWith(open.fence) && closing === closing.charAt(0).repeat(closing.length)) {
      const { language, info, from, indent } = open;
      const code = lines.slice(from, index).map((text) => text.replace(new RegExp(`^\\s{0,${indent}}`), ''));
      blocks.push({ language, info, line: from + 1, code: `${code.join('\n')}\n` });
      open = undefined;
    }
  }
  if (open !== undefined) {
    throw new Error(`the block of code from line ${open.from} on is not closed`);
  }
  return { blocks, prose };
}

/** Targets of `[text](target)` and `[label]: target`, outside code. */
function linkTargets(line: string): readonly string[] {
  const plain = line.replaceAll(/`[^`]*`/g, 'code');
  const inline = [...plain.matchAll(/\]\(\s*<?([^)\s>]+)>?[^)]*\)/g)].map((match) => match[1] ?? '');
  const reference = /^\s*\[[^\]]+\]:\s*<?([^\s>]+)/.exec(plain)?.[1];
  return reference === undefined ? inline : [...inline, reference];
}

/** The anchors that GitHub gives these headings, in order. */
export function anchorsOf(headings: readonly string[]): readonly string[] {
  const seen = new Map<string, number>();
  return headings.map((heading) => {
    const text = heading.replaceAll(/\[([^\]]*)\]\([^)]*\)/g, '$1').replaceAll(/[`*]/g, '');
    const slug = text
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
      .replaceAll(/\s/g, '-');
    const count = seen.get(slug) ?? 0;
    seen.set(slug, count + 1);
    return count === 0 ? slug : `${slug}-${count}`;
  });
}
