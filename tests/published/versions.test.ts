import { execFile } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { publicPackages } from './packed-packages.ts';

const run = promisify(execFile);
const root = join(import.meta.dirname, '../..');

// The manifests and the release configuration in a repository of their own.
let copy: string;

beforeEach(async () => {
  copy = mkdtempSync(join(tmpdir(), 'sqskit-versions-'));
  for (const file of ['package.json', 'pnpm-workspace.yaml', '.changeset/config.json']) {
    cpSync(join(root, file), join(copy, file));
  }
  for (const { folder, manifest } of publicPackages) {
    mkdirSync(join(copy, 'packages', folder), { recursive: true });
    // As after a first release, so that ranges are real ones.
    const version = manifest.name === '@sqskit/core' ? '1.0.0' : '0.1.0';
    writeFileSync(join(copy, 'packages', folder, 'package.json'), JSON.stringify({ ...manifest, version }));
  }
  symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'));
  writeFileSync(join(copy, '.gitignore'), 'node_modules\n');
  const git = (...args: string[]) =>
    run('git', ['-c', 'user.name=test', '-c', 'user.email=test@example.org', ...args], { cwd: copy });
  await git('init', '--quiet', '--initial-branch=main');
  await git('add', '.');
  await git('commit', '--quiet', '--message', 'Begin');
});

afterEach(() => rmSync(copy, { recursive: true, force: true }));

async function versionsAfter(changeset: string): Promise<Record<string, string>> {
  writeFileSync(join(copy, '.changeset/one-change.md'), changeset);
  await run(join(root, 'node_modules/.bin/changeset'), ['version'], { cwd: copy });
  return Object.fromEntries(
    publicPackages.map(({ folder, manifest }) => {
      const { version } = JSON.parse(readFileSync(join(copy, 'packages', folder, 'package.json'), 'utf8'));
      return [manifest.name, version];
    }),
  );
}

function expected(changed: Readonly<Record<string, string>>): Record<string, string> {
  const before = publicPackages.map(({ manifest: { name } }) => [
    name,
    name === '@sqskit/core' ? '1.0.0' : '0.1.0',
  ]);
  return { ...Object.fromEntries(before), ...changed };
}

test('a change of one package raises its version alone, and those that carry it', async () => {
  const versions = await versionsAfter('---\n"@sqskit/batching": minor\n---\n\nFaster.\n');
  expect(versions).toEqual(expected({ '@sqskit/batching': '0.2.0', sqskit: '0.1.1' }));
  const changelog = readFileSync(join(copy, 'packages/batching/CHANGELOG.md'), 'utf8');
  expect(changelog).toMatch(/## 0\.2\.0[\s\S]*Faster\./);
});

test('a minor change of core stays within the range of the others', async () => {
  const versions = await versionsAfter('---\n"@sqskit/core": minor\n---\n\nMore.\n');
  expect(versions).toEqual(expected({ '@sqskit/core': '1.1.0' }));
});
