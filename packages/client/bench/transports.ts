// What a call of SQS costs in CPU time over each transport: ten messages of 200 B sent, or ten of 1 kB received and deleted,
// 16 at a time, to a server on this machine in a process of its own:
//
//     npx -y pnpm@12.21.0 --filter @sqskit/client bench [-- --quick]
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';

const transports = [
  ['sdk', "the SDK's client and handler"],
  ['handler', 'the SDK with pooledHandler'],
  ['queue', 'createSqsQueue'],
  ['lean', 'createLeanQueue'],
  ['undici', 'undici, unsigned, unchecked'],
] as const;

const quick = process.argv.includes('--quick');
const repeats = quick ? 3 : 7;
const sliceMs = quick ? 400 : 1_500;

interface Figures {
  readonly rounds: number;
  readonly cpuMicros: number;
  readonly elapsedMs: number;
}

const startProcess = (file: string, args: readonly string[] = []): ChildProcess =>
  fork(new URL(file, import.meta.url), args);

async function ask(child: ChildProcess, job: object): Promise<Figures> {
  child.send(job);
  const [figures] = (await once(child, 'message')) as [Figures];
  return figures;
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

const server = startProcess('./server.ts');
const [endpoints] = (await once(server, 'message')) as [Readonly<Record<'http' | 'https', string>>];

console.log('            transport                     CPU µs (least)   of the SDK   of undici   rounds/s');
for (const scheme of ['http', 'https'] as const) {
  const children = transports.map(([transport]) =>
    startProcess('./transport-process.ts', [transport, endpoints[scheme]]),
  );
  for (const kind of ['send', 'receive'] as const) {
    const figures = new Map<ChildProcess, Figures[]>(children.map((child) => [child, []]));
    for (const child of children) {
      await ask(child, { kind, ms: sliceMs * 2 }); // until it is compiled
    }
    for (let repeat = 0; repeat < repeats; repeat++) {
      for (const [child, taken] of figures) {
        taken.push(await ask(child, { kind, ms: sliceMs }));
      }
    }
    const costs = children.map((child) =>
      (figures.get(child) ?? []).map(({ cpuMicros, rounds }) => cpuMicros / rounds),
    );
    const medians = costs.map(median);
    transports.forEach(([, name], index) => {
      const cost = medians[index] ?? Number.NaN;
      const rates = (figures.get(children[index] as ChildProcess) ?? []).map(
        ({ rounds, elapsedMs }) => (rounds * 1_000) / elapsedMs,
      );
      const row = [
        scheme.padEnd(5),
        kind.padEnd(7),
        name.padEnd(28),
        `${cost.toFixed(0).padStart(6)} (${Math.min(...(costs[index] ?? [])).toFixed(0)})`.padEnd(15),
        `${((medians[0] ?? 0) / cost).toFixed(2)}x less`.padStart(11),
        `${(cost / (medians.at(-1) ?? 0)).toFixed(2)}x`.padStart(9),
        median(rates).toFixed(0).padStart(8),
      ];
      console.log(row.join('  '));
    });
  }
  for (const child of children) {
    child.disconnect();
  }
}
server.disconnect();
