import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { installArguments, packAll, publicPackages, runAsUser } from './packed-packages.ts';

// What use/<package>.mjs prints, having imported nothing but that package.
const printed: Readonly<Record<string, unknown>> = {
  core: { body: '{"n":1}', bytes: 7, region: 'eu-west-1', delayMs: 200, refused: true },
  client: { depth: { visible: 7, inFlight: 1, delayed: 0 }, handler: 'function' },
  batching: { receipts: 25, batches: [10, 10, 5], report: { sent: 25, undelivered: [] } },
  consumer: { bodies: [1, 2], done: ['change rb', 'delete ra'], onThread: 'dead-letter' },
  testing: { received: [1, 0, 1], count: 2 },
  compression: { smaller: true, back: 3_000 },
  routing: 'eu-west-3',
  metrics: [3],
  sqskit: { sent: 1, url: 'eu-west-1', region: 'eu-west-3' },
};

// Of the peers that npm does not install by itself, what those need.
const optionalPeers: Readonly<Record<string, readonly string[]>> = {
  client: ['@aws-sdk/client-sqs'],
  consumer: ['piscina'],
};

let workspace: string;

beforeAll(async () => {
  workspace = mkdtempSync(join(tmpdir(), 'sqskit-published-'));
  await packAll(workspace);
}, 120_000);

afterAll(() => rmSync(workspace, { recursive: true, force: true }));

test('every published package is tried', () => {
  expect(Object.keys(printed).toSorted()).toEqual(publicPackages.map(({ folder }) => folder).toSorted());
});

describe.each(publicPackages)('$manifest.name, installed alone from its tarball', (pack) => {
  let project: string;

  beforeAll(async () => {
    project = mkdtempSync(join(workspace, 'project-'));
    writeFileSync(join(project, 'package.json'), '{ "name": "empty", "private": true }');
    const packages = installArguments(pack, workspace, optionalPeers[pack.folder]);
    await runAsUser('npm', ['install', '--no-audit', '--no-fund', '--prefer-offline', ...packages], project);
  }, 120_000);

  test('works in an ESM project', async () => {
    const file = `${pack.folder}.mjs`;
    copyFileSync(join(import.meta.dirname, 'use', file), join(project, file));
    expect(JSON.parse(await runAsUser('node', [file], project))).toEqual(printed[pack.folder]);
  }, 30_000);

  test('gives a CommonJS project the same exports', async () => {
    const { name } = pack.manifest;
    const script = `import(${JSON.stringify(name)}).then((esm) => {
      const required = Object.keys(require(${JSON.stringify(name)})).filter((key) => key !== '__esModule');
      console.log(JSON.stringify([required.sort(), Object.keys(esm).sort()]));
    });`;
    writeFileSync(join(project, 'check.cjs'), script);
    const [required, imported] = JSON.parse(await runAsUser('node', ['check.cjs'], project));
    expect(required.length).toBeGreaterThan(0);
    expect(required).toEqual(imported);
  }, 30_000);

  test('ships its sources, its licence and its README', async () => {
    const files = await runAsUser('ls', [join('node_modules', pack.manifest.name)], project);
    expect(files.split('\n')).toEqual(
      expect.arrayContaining(['LICENSE', 'README.md', 'dist', 'package.json', 'src']),
    );
  });
});

test('@sqskit/client/lean works where there is no AWS SDK', async () => {
  const client = publicPackages.find(({ folder }) => folder === 'client');
  const project = mkdtempSync(join(workspace, 'project-'));
  writeFileSync(join(project, 'package.json'), '{ "name": "empty", "private": true }');
  const packages = client === undefined ? [] : installArguments(client, workspace);
  await runAsUser('npm', ['install', '--no-audit', '--no-fund', '--prefer-offline', ...packages], project);
  copyFileSync(join(import.meta.dirname, 'use/client-lean.mjs'), join(project, 'lean.mjs'));
  expect(await runAsUser('ls', ['node_modules'], project)).not.toContain('aws-sdk');
  expect(JSON.parse(await runAsUser('node', ['lean.mjs'], project))).toEqual([{ ok: true, messageId: 'm' }]);
}, 120_000);
