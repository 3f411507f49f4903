import { readFileSync } from 'node:fs';
import { findPackageJSON } from 'node:module';
import { cpus, release, totalmem, type } from 'node:os';
import type { Machine } from './results.ts';

export function describeMachine(): Machine {
  const cores = cpus();
  return {
    cpu: cores[0]?.model.trim() ?? 'unknown',
    cores: cores.length,
    memoryGib: Math.round(totalmem() / 2 ** 30),
    os: `${type()} ${release()}`,
  };
}

const packages = [
  '@sqskit/batching',
  '@sqskit/client',
  '@sqskit/compression',
  '@sqskit/consumer',
  '@sqskit/core',
  '@aws-sdk/client-sqs',
  'sqs-consumer',
  'sqs-producer',
  'squiss-ts',
  '@message-queue-toolkit/core',
];

/** Of Node, and of the packages as they are installed here. */
export function installedVersions(): Readonly<Record<string, string>> {
  const versions: Record<string, string> = { 'Node.js': process.versions.node };
  for (const name of packages) {
    const manifest = findPackageJSON(name, import.meta.url);
    versions[name] = manifest === undefined ? 'unknown' : JSON.parse(readFileSync(manifest, 'utf8')).version;
  }
  return versions;
}
