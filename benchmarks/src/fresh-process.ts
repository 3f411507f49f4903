import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

/**
 * Runs a program of this directory in a process of its own, with the job as its argument, and resolves with the object
 * that it tells. Rejects with what it complained of where it ends without.
 */
export async function runInFreshProcess<T extends object>(
  program: URL,
  job: object,
  { what, signal }: { readonly what: string; readonly signal?: AbortSignal | undefined },
): Promise<T> {
  const child = fork(fileURLToPath(program), [JSON.stringify(job)], {
    execArgv: ['--expose-gc'],
    // Without what the SDK would take for its own settings.
    env: Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('AWS_'))),
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    ...(signal && { signal }),
  });
  let complaint = '';
  child.stderr?.on('data', (chunk: Buffer) => {
    complaint = (complaint + chunk.toString()).slice(-4_000);
  });
  const exited = once(child, 'exit');
  const [message] = await Promise.race([once(child, 'message'), exited]);
  await exited;
  if (typeof message !== 'object' || message === null) {
    throw new Error(`${what} failed: ${complaint.trim() || 'it ended without a result'}`);
  }
  return message;
}
