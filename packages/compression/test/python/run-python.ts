import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

// A `python3` on the path may still be none: macOS has a stub that asks for an installation.
const isInstalled = spawnSync('python3', ['-c', 'import base64, gzip, json']).status === 0;

/** What Python 3 makes of the values: bodies of messages, or messages of bodies. `undefined` where it is not installed. */
export function runPython(direction: 'write' | 'read', values: readonly unknown[]): unknown[] | undefined {
  return runScript('guide.py', values, direction);
}

/** What blocks.py reads out of vectors: the items of each, or why it was refused. `undefined` where there is no Python. */
export function readBlocksByPython(dictionary: string, vectors: readonly object[]): unknown[] | undefined {
  return runScript('blocks.py', { dictionary, vectors });
}

function runScript(name: string, input: unknown, ...args: readonly string[]): unknown[] | undefined {
  if (!isInstalled) {
    return undefined;
  }
  const script = fileURLToPath(new URL(name, import.meta.url));
  const { status, stdout, stderr } = spawnSync('python3', [script, ...args], {
    input: JSON.stringify(input),
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
  });
  if (status !== 0) {
    throw new Error(`python3 ended with ${status}: ${stderr}`);
  }
  return JSON.parse(stdout);
}
