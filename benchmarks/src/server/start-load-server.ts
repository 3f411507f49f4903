import type { AddressInfo } from 'node:net';
import { forkServer } from './fork-server.ts';
import type { LoadServerOptions } from './load-server.ts';
import type { ServerCounts } from './sqs-answers.ts';

/** Where a contender sends to or receives from: a queue of a server. */
export interface Target {
  readonly endpoint: string;
  readonly queueName: string;
  readonly queueUrl: string;
}

export interface LoadServer extends AsyncDisposable {
  readonly target: Target;
}

const program = new URL('load-server-process.ts', import.meta.url);
const queueName = 'bench';

/** Starts a load server in a process of its own, on a free port of the loopback interface. */
export async function startLoadServer(options: Partial<LoadServerOptions> = {}): Promise<LoadServer> {
  const job: LoadServerOptions = { latencyMs: 0, tls: false, keep: false, check: false, ...options };
  const server = await forkServer<AddressInfo>(program, job);
  const { port } = server.ready;
  // The certificate is for that name.
  const endpoint = job.tls ? `https://localhost:${port}` : `http://127.0.0.1:${port}`;
  return {
    target: { endpoint, queueName, queueUrl: `${endpoint}/000000000000/${queueName}` },
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}

/** What the load server has been sent, and the CPU time that its process has taken. */
export interface Counts extends ServerCounts {
  readonly cpuMicros: number;
}

/** So far. */
export async function countsOf({ endpoint }: Target): Promise<Counts> {
  const response = await fetch(`${endpoint}/counts`);
  return (await response.json()) as Counts;
}

/** The bodies of all that was sent, where the server was told to keep them. */
export async function bodiesAt({ endpoint }: Target): Promise<readonly string[]> {
  const response = await fetch(`${endpoint}/bodies`);
  return (await response.json()) as readonly string[];
}
