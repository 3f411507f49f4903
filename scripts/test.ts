// Runs every package's tests through turbo, then prints `N passed, N failed, N skipped` over all of them as the last line.
import { spawnSync } from 'node:child_process';
import { existsSync, globSync, readFileSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';

interface Report {
  readonly numTotalTests: number;
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly numPendingTests: number;
  readonly numTodoTests: number;
  readonly testResults: readonly { status: string; assertionResults: readonly { status: string }[] }[];
}

const root = join(import.meta.dirname, '..');
const packages = globSync(
  ['packages/*/package.json', 'apps/*/package.json', '{benchmarks,tests}/package.json'],
  {
    cwd: root,
  },
)
  .map((file) => ({
    report: join(root, dirname(file), 'test-results/results.json'),
    manifest: JSON.parse(readFileSync(join(root, file), 'utf8')),
  }))
  .filter(({ manifest }) => manifest.scripts?.test !== undefined);

// A report that is there afterwards was written by this run, or restored by turbo from the cache of one that passed.
for (const { report } of packages) rmSync(dirname(report), { recursive: true, force: true });

const turbo = spawnSync(
  'turbo',
  ['run', 'test', '--continue=dependencies-successful', '--concurrency=2', '--output-logs=new-only'],
  { cwd: root, stdio: 'inherit', shell: process.platform === 'win32' },
);

let passed = 0;
let failed = 0;
let skipped = 0;
for (const { report, manifest } of packages) {
  if (!existsSync(report)) {
    console.log(`${manifest.name}: no report, its tests did not run to the end; counted as one failure`);
    failed += 1;
    continue;
  }
  const results: Report = JSON.parse(readFileSync(report, 'utf8'));
  // A file that failed without a failed test (a syntax error, a hook that threw) counts as one failure itself.
  const broken = results.testResults.filter(
    (file) => file.status === 'failed' && !file.assertionResults.some((test) => test.status === 'failed'),
  );
  passed += results.numPassedTests;
  failed += results.numFailedTests + broken.length;
  skipped += results.numPendingTests + results.numTodoTests;
  if (results.numTotalTests === 0) console.log(`${manifest.name}: no tests`);
}
if (turbo.status !== 0 && failed === 0) {
  console.log(
    `turbo ended with ${turbo.status ?? turbo.signal} though no test failed; counted as one failure`,
  );
  failed += 1;
}
console.log(`${passed} passed, ${failed} failed, ${skipped} skipped`);
process.exitCode = failed > 0 || passed === 0 ? 1 : 0;
