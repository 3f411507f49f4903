import {
  cpSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { projectRoot } from '../project.ts';
import type { Mutant } from './mutant.ts';
import { playSeeds } from './seeds.ts';
import type { RunResult, Suite } from './suite.ts';

const copied = ['core', 'batching', 'compression', 'consumer', 'testing'];

/**
 * A new folder with the runs, and built packages of its own: with the mutant's bug, or unchanged. Throws where the bug
 * has no place, or several, in the code as it is now.
 */
export function mutatedPackages(mutant: Mutant | undefined): { readonly folder: string } & Disposable {
  const folder = mkdtempSync(join(tmpdir(), 'sqskit-faults-'));
  for (const file of globSync('**/*.ts', { cwd: import.meta.dirname, exclude: ['**/*.test.ts'] })) {
    cpSync(join(import.meta.dirname, file), join(folder, file));
  }
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
  const scope = join(folder, 'node_modules/@sqskit');
  for (const name of copied) {
    const source = join(projectRoot, 'packages', name);
    mkdirSync(join(scope, name), { recursive: true });
    cpSync(join(source, 'package.json'), join(scope, name, 'package.json'));
    cpSync(join(source, 'dist'), join(scope, name, 'dist'), { recursive: true, filter: isRun });
  }
  const fflate = realpathSync(join(projectRoot, 'packages/compression/node_modules/fflate'));
  symlinkSync(fflate, join(folder, 'node_modules/fflate'), 'junction');
  if (mutant !== undefined) {
    plant(mutant, join(scope, mutant.file));
  }
  return { folder, [Symbol.dispose]: () => rmSync(folder, { recursive: true, force: true }) };
}

/** Whether a file, or a folder, has to do with what runs. */
function isRun(path: string): boolean {
  return !/\.(map|d\.ts)$/.test(path);
}

/** The first seed of CI that fails with this bug. */
export async function firstFailure<C>(suite: Suite<C>, mutant: Mutant): Promise<RunResult<C> | undefined> {
  using copy = mutatedPackages(mutant);
  const { failed } = await playSeeds(suite, {
    ...copy,
    from: 1,
    until: suite.seedsOfCi + 1,
    workers: 1,
    stopsAtFirst: true,
    withinMs: 30_000,
  });
  return failed[0];
}

function plant({ name, file, find, replace }: Mutant, path: string): void {
  const parts = readFileSync(path, 'utf8').split(find);
  if (parts.length !== 2) {
    const message = `"${name}": expected one occurrence of \`${find}\` in packages/${file}, found ${parts.length - 1}`;
    throw new Error(`${message}; plant the bug in the code as it is now`);
  }
  writeFileSync(path, parts.join(replace));
}
