import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Figures, Load } from './scenarios/scenario.ts';
import type { Target } from './server/start-load-server.ts';

/** One run of one case. */
export interface MeasureJob {
  readonly scenario: string;
  readonly name: string;
  readonly load: Load;
  readonly target: Target;
}

const program = fileURLToPath(new URL('measure-process.ts', import.meta.url));

/** Runs a case in a fresh process. Throws with what it complained of where it does not come to its end. */
export async function measure(job: MeasureJob, signal?: AbortSignal): Promise<Figures> {
  const child = fork(program, [JSON.stringify(job)], {
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
    throw new Error(
      `${job.scenario}, ${job.name} failed: ${complaint.trim() || 'it ended without a result'}`,
    );
  }
  return message;
}
