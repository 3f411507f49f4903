import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const script = fileURLToPath(new URL('guide.py', import.meta.url));

// A `python3` on the path may still be none: macOS has a stub that asks for an installation.
const isInstalled = spawnSync('python3', ['-c', 'import base64, gzip, json']).status === 0;

/** What Python 3 makes of the values: bodies of messages, or messages of bodies. `undefined` where it is not installed. */
export function runPython(direction: 'write' | 'read', values: readonly unknown[]): unknown[] | undefined {
  if (!isInstalled) {
    return undefined;
  }
  const { status, stdout, stderr } = spawnSync('python3', [script, direction], {
    input: JSON.stringify(values),
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
  });
  if (status !== 0) {
    throw new Error(`python3 ended with ${status}: ${stderr}`);
  }
  return JSON.parse(stdout);
}
