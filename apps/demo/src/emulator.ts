import { fork } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { RunError } from './failure.ts';

/** fauxqs, an SQS emulator, in a process of its own. */
export interface Emulator {
  /** Name and version. */
  readonly name: string;
  readonly endpoint: string;
  /** From now on this region answers every call with 503, and the others as ever; `undefined`: all answer. */
  failRegion(region: string | undefined): void;
  stop(): Promise<void>;
}

const program = fileURLToPath(new URL('emulator-process.ts', import.meta.url));

export async function startEmulator(rttMs: number): Promise<Emulator> {
  // Without this process's own flags, such as --inspect or a test runner's loader.
  const child = fork(program, [String(rttMs)], { stdio: ['ignore', 'ignore', 'pipe', 'ipc'], execArgv: [] });
  let complaint = '';
  child.stderr?.on('data', (chunk: Buffer) => {
    complaint = (complaint + chunk.toString()).slice(-2_000);
  });
  const exited = once(child, 'exit');
  const [message] = await Promise.race([once(child, 'message'), exited]);
  const port: unknown = message?.port;
  if (typeof port !== 'number') {
    child.kill('SIGKILL');
    throw new RunError(`the emulator did not start: ${complaint.trim() || 'it ended at once'}`);
  }
  return {
    name: `fauxqs ${installedVersion()}`,
    endpoint: `http://127.0.0.1:${port}`,
    failRegion(region) {
      if (child.connected) {
        child.send({ failedRegion: region ?? null });
      }
    },
    async stop() {
      if (child.connected) {
        child.disconnect();
      }
      await exited;
    },
  };
}

function installedVersion(): string {
  const manifest = new URL('../package.json', import.meta.resolve('fauxqs'));
  return JSON.parse(readFileSync(manifest, 'utf8')).version;
}
