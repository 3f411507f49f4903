import { setDefaultCACertificates } from 'node:tls';
import type { Calls } from '../contenders/transports.ts';
import { localhostCertificate } from '../server/localhost-certificate.ts';
import { startFullQueue } from '../server/start-full-queue.ts';
import { countsOf, startLoadServer, type Target } from '../server/start-load-server.ts';
import type { Case, Column, Figures, Load, Scenario } from './scenario.ts';
import { startMeasuring } from './sending.ts';

interface Transport {
  readonly name: string;
  readonly how: string;
  /** Whether `--quick` leaves it out. Default: false. */
  readonly isSlow?: boolean;
  readonly open: (target: Target) => Promise<Calls>;
}

const transports: readonly Transport[] = [
  {
    name: 'SDK',
    how: "`SQSClient` as it comes, with Node's own HTTP agent.",
    open: async (target) => (await import('../contenders/transports.ts')).callsOfSdk(target),
  },
  {
    name: 'SDK, pooledHandler',
    how: 'The same client with `requestHandler: pooledHandler()`.',
    open: async (target) => (await import('../contenders/transports.ts')).callsOfHandler(target),
  },
  {
    name: 'createSqsQueue',
    how: '`createSqsQueue(createPooledClient(…), url)`: the SDK on our handler, behind the interface `Queue`.',
    isSlow: true,
    async open(target) {
      const { overSdk } = await import('../contenders/sdk-connection.ts');
      return (await import('../contenders/transports.ts')).callsOfQueue(overSdk(target));
    },
  },
  {
    name: 'createLeanQueue',
    how: '`createLeanQueue(createLeanClient(…), url)`: signed, checked by MD5, without the SDK.',
    async open(target) {
      const { overLean } = await import('../contenders/lean-connection.ts');
      return (await import('../contenders/transports.ts')).callsOfQueue(overLean(target));
    },
  },
  {
    name: 'undici, unsigned',
    how: 'The same bytes by `Pool.request` of undici, unsigned; nobody looks at the answers. The floor of HTTP.',
    open: async (target) => (await import('../contenders/transports.ts')).callsOfUndici(target),
  },
];

const messagesPerCall = 10;
const inFlight = 16;

const columns: readonly Column[] = [
  { figure: 'cpuMicros', title: 'CPU µs/round', digits: 0 },
  { figure: 'roundsPerSecond', title: 'rounds/s', digits: 0 },
  { figure: 'serverCpuMicros', title: "the server's CPU µs/round", digits: 0 },
];

/** A server in a process of its own, whose CPU time can be asked for. */
interface Server extends AsyncDisposable {
  readonly target: Target;
  cpuMicros(): Promise<number>;
}

interface Kind {
  readonly name: string;
  readonly title: string;
  readonly round: string;
  readonly action: 'send' | 'receive';
  readonly start: (load: Load) => Promise<Server>;
}

/** It forgets what it is sent. */
async function startSink(tls: boolean): Promise<Server> {
  const server = await startLoadServer({ tls });
  const { target } = server;
  return {
    target,
    cpuMicros: async () => (await countsOf(target)).cpuMicros,
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}

/** With as many messages as are received, and those of the calls that are under way. */
async function startSource({ messages, warmUp }: Load): Promise<Server> {
  const queue = await startFullQueue({
    latencyMs: 0,
    messages: messages + warmUp + inFlight * messagesPerCall,
  });
  return {
    target: queue.target,
    cpuMicros: async () => (await queue.countsWhenAsked(0)).cpuMicros,
    [Symbol.asyncDispose]: () => queue[Symbol.asyncDispose](),
  };
}

function scenarioOf({ name, title, round, action, start }: Kind): Scenario {
  return {
    name,
    title,
    about: `A round ${round}, ${inFlight} rounds at a time, with a server that answers at once. The messages are counted: ten to a round.`,
    latencyMs: 0,
    full: { rounds: 3, messages: 80_000, warmUp: 160_000 },
    quick: { rounds: 1, messages: 6_000, warmUp: 6_000 },
    columns,
    cases: transports.map((transport): Case => {
      const { name: transportName, how, isSlow = false, open } = transport;
      return {
        name: transportName,
        how,
        isSlow,
        async measure(load) {
          setDefaultCACertificates([localhostCertificate.cert]);
          await using server = await start(load);
          await using calls = await open(server.target);
          return await measureRounds(() => calls[action](), load, server);
        },
      };
    }),
  };
}

async function measureRounds(
  round: () => Promise<unknown>,
  { messages, warmUp }: Load,
  server: Server,
): Promise<Figures> {
  await repeat(round, warmUp / messagesPerCall);
  const rounds = Math.ceil(messages / messagesPerCall);
  const before = await server.cpuMicros();
  const stop = startMeasuring();
  await repeat(round, rounds);
  const { seconds, cpuMicros } = stop();
  const after = await server.cpuMicros();
  return {
    cpuMicros: cpuMicros / rounds,
    roundsPerSecond: rounds / seconds,
    serverCpuMicros: (after - before) / rounds,
  };
}

async function repeat(round: () => Promise<unknown>, times: number): Promise<void> {
  let left = times;
  const loop = async (): Promise<void> => {
    while (left > 0) {
      left--;
      await round();
    }
  };
  await Promise.all(Array.from({ length: inFlight }, loop));
}

export const transportScenarios: readonly Scenario[] = [
  {
    name: 'transport-send',
    title: 'What a batch call costs',
    round: 'sends ten messages of 200 bytes in one call over HTTP',
    action: 'send',
    start: () => startSink(false),
  } as const,
  {
    name: 'transport-send-tls',
    title: 'What a batch call costs over HTTPS',
    round: 'sends ten messages of 200 bytes in one call over HTTPS',
    action: 'send',
    start: () => startSink(true),
  } as const,
  {
    name: 'transport-receive',
    title: 'What receiving and deleting costs',
    round:
      "receives ten messages of 1 KB in one call and deletes them in another, over HTTP from the tests' fake SQS",
    action: 'receive',
    start: startSource,
  } as const,
].map(scenarioOf);
