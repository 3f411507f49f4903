import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { projectRoot } from '../project.ts';
import { placeOf, type Snippet } from './snippets.ts';

export interface Compiled {
  /** The folder that holds everything; the caller removes it. */
  readonly folder: string;
  /** The JavaScript of a snippet. */
  scriptOf(snippet: Snippet): string;
  /** What the compiler says of a snippet, at the lines of its document. */
  problemsOf(snippet: Snippet): readonly string[];
  /** What it says that belongs to no snippet. */
  readonly otherProblems: readonly string[];
}

interface Run {
  readonly exitCode: number | string | null;
  readonly output: string;
}

/** Runs a script in a Node process of its own, and ends it after `timeoutMs`. */
export function runNode(args: readonly string[], cwd: string, timeoutMs: number): Promise<Run> {
  // Nothing of this machine's AWS set-up may make a snippet work or fail.
  const env = { PATH: process.env['PATH'], NO_COLOR: '1', AWS_EC2_METADATA_DISABLED: 'true' };
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      args,
      { cwd, env, timeout: timeoutMs, killSignal: 'SIGKILL', maxBuffer: 16 * 1_048_576 },
      (error, stdout, stderr) => {
        const exitCode = error === null ? 0 : (error.code ?? error.signal ?? null);
        resolve({ exitCode, output: `${stdout}${stderr}` });
      },
    );
  });
}

const fileNameOf = (snippet: Snippet): string => placeOf(snippet).replaceAll(/[^\w]+/g, '-');

/** Type-checks and compiles all snippets in one run, under the project's own strict settings. */
export async function compile(snippets: readonly Snippet[]): Promise<Compiled> {
  // Inside this package, so that the packages under test resolve as they do for a user; `dist` is nobody's source.
  const parent = join(projectRoot, 'tests/dist');
  mkdirSync(parent, { recursive: true });
  const folder = mkdtempSync(join(parent, 'readme-'));
  for (const snippet of snippets) {
    writeFileSync(join(folder, `${fileNameOf(snippet)}.ts`), snippet.code);
  }
  const config = {
    extends: join(projectRoot, 'tsconfig.base.json'),
    compilerOptions: { rootDir: '.', outDir: 'out' },
    include: ['*.ts'],
  };
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(config));
  const compiler = join(projectRoot, 'node_modules/typescript/bin/tsc');
  const { exitCode, output } = await runNode([compiler, '-p', folder, '--pretty', 'false'], folder, 120_000);
  const problems = parseProblems(output);
  const names = new Set(snippets.map(fileNameOf));
  const otherProblems = problems.filter(({ name }) => !names.has(name)).map(({ text }) => text);
  if (exitCode !== 0 && problems.length === 0) {
    otherProblems.push(`the compiler ended with ${exitCode}: ${output}`);
  }
  return {
    folder,
    otherProblems,
    scriptOf: (snippet) => join(folder, 'out', `${fileNameOf(snippet)}.js`),
    problemsOf: (snippet) =>
      problems
        .filter(({ name }) => name === fileNameOf(snippet))
        .map(({ line, text }) => `${snippet.document}:${snippet.line + line - 1} ${text}`),
  };
}

interface Problem {
  /** Of the file, without its suffix; empty where the compiler names none. */
  readonly name: string;
  readonly line: number;
  readonly text: string;
}

/** Lines as `file.ts(3,14): error TS2304: ...`; those that follow indented belong to the one before. */
function parseProblems(output: string): readonly Problem[] {
  const problems: Problem[] = [];
  for (const row of output.split('\n').filter((text) => text.trim() !== '')) {
    const located = /^(?:.*\/)?(?<name>[^/(]+)\.ts\((?<line>\d+),\d+\): (?<text>.*)$/.exec(row)?.groups;
    const last = problems.at(-1);
    if (located !== undefined) {
      const { name = '', line, text = '' } = located;
      problems.push({ name, line: Number(line), text });
    } else if (/^\s/.test(row) && last !== undefined) {
      problems[problems.length - 1] = { ...last, text: `${last.text}\n${row}` };
    } else {
      problems.push({ name: '', line: 0, text: row });
    }
  }
  return problems;
}
