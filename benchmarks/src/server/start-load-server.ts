import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { LoadServerOptions } from './load-server.ts';
import type { ServerCounts } from './sqs-answers.ts';

export interface StartOptions extends Omit<LoadServerOptions, 'supply'> {
  /** Whether every `ReceiveMessage` is answered with as many messages as it asks for: JSON of 1 KB, each another. */
  readonly endless: boolean;
}

/** Where a contender sends to: a queue of the load server. */
export interface Target {
  readonly endpoint: string;
  readonly queueName: string;
  readonly queueUrl: string;
}

export interface LoadServer extends AsyncDisposable {
  readonly target: Target;
}

const program = fileURLToPath(new URL('load-server-process.ts', import.meta.url));
const queueName = 'bench';

/** Starts a load server in a process of its own, on a free port of the loopback interface. */
export async function startLoadServer(options: Partial<StartOptions> = {}): Promise<LoadServer> {
  const resolved: StartOptions = {
    latencyMs: 0,
    tls: false,
    keep: false,
    check: false,
    endless: false,
    ...options,
  };
  // Without this process's own flags, such as a test runner's loader.
  const child = fork(program, [JSON.stringify(resolved)], { execArgv: [] });
  const exited = once(child, 'exit');
  const [address] = await Promise.race([once(child, 'message'), exited]);
  const port: unknown = address?.port;
  if (typeof port !== 'number') {
    child.kill('SIGKILL');
    throw new Error('the load server did not start');
  }
  // The certificate is for that name.
  const endpoint = resolved.tls ? `https://localhost:${port}` : `http://127.0.0.1:${port}`;
  return {
    target: { endpoint, queueName, queueUrl: `${endpoint}/000000000000/${queueName}` },
    async [Symbol.asyncDispose]() {
      if (child.connected) {
        child.disconnect();
      }
      await exited;
    },
  };
}

/** What the load server has been sent, and the CPU time that its process has taken. */
export interface Counts extends ServerCounts {
  readonly cpuMicros: number;
}

/** So far. */
export function countsOf(target: Target): Promise<Counts> {
  return askForCounts(target, 0);
}

/** As soon as so many messages have been deleted since the server started. */
export function countsWhenDeleted(target: Target, deleted: number): Promise<Counts> {
  return askForCounts(target, deleted);
}

async function askForCounts({ endpoint }: Target, deleted: number): Promise<Counts> {
  const response = await fetch(`${endpoint}/counts?deleted=${deleted}`);
  return (await response.json()) as Counts;
}
