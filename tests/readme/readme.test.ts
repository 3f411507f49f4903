import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { projectFiles, projectRoot } from '../project.ts';
import { type Compiled, compile, runNode } from './compile.ts';
import { placeOf, snippets, unchecked } from './snippets.ts';

const limitMs = 20_000;

const named = snippets.map((snippet) => [placeOf(snippet), snippet] as const);
const run = named.filter(([, { mark }]) => mark === '');
const notRun = named.filter(([, { mark }]) => mark === 'no-run');
const packages = projectFiles('packages/*/package.json').map((path) => path.split('/')[1] ?? '');

let compiled: Compiled;
beforeAll(async () => {
  compiled = await compile(snippets);
}, 150_000);
afterAll(() => {
  rmSync(compiled.folder, { recursive: true, force: true });
});

describe('every snippet', () => {
  test('is a `ts` block, and marked `no-run` or not at all', () => {
    expect(unchecked).toEqual([]);
    expect(named.filter(([, { mark }]) => mark !== '' && mark !== 'no-run').map(([place]) => place)).toEqual(
      [],
    );
  });

  test('is seen by the compiler, which has nothing to say of anything else', () => {
    expect(snippets.length).toBeGreaterThan(0);
    expect(compiled.otherProblems).toEqual([]);
  });

  test.each(named)('%s type-checks', (_, snippet) => {
    expect(compiled.problemsOf(snippet)).toEqual([]);
  });

  test.concurrent.each(run)('%s runs', { timeout: limitMs + 10_000 }, async (_, snippet) => {
    const ended = await runNode([compiled.scriptOf(snippet)], compiled.folder, limitMs);
    expect(ended).toEqual({ exitCode: 0, output: expect.any(String) });
  });

  test.each(notRun)('%s, which is not run, says in a comment that it needs AWS', (_, { code }) => {
    expect(code).toMatch(/^\s*(?:\/\/|\/?\*).*\bAWS\b/m);
  });
});

describe('every package', () => {
  test.each(packages)('%s has a README with a snippet that is run', (name) => {
    expect(run.map(([place]) => place)).toContainEqual(
      expect.stringContaining(`packages/${name}/README.md:`),
    );
  });

  test.each(packages)('%s can be imported by snippets', (name) => {
    const read = (path: string) => JSON.parse(readFileSync(join(projectRoot, path), 'utf8'));
    const { name: published } = read(`packages/${name}/package.json`);
    expect(Object.keys(read('tests/package.json').devDependencies)).toContain(published);
    expect(existsSync(join(projectRoot, 'tests/node_modules', published))).toBe(true);
  });
});
