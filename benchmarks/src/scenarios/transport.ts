import { setDefaultCACertificates } from 'node:tls';
import type { Calls } from '../contenders/transports.ts';
import { localhostCertificate } from '../server/localhost-certificate.ts';
import { countsOf, startLoadServer, type Target } from '../server/start-load-server.ts';
import type { Case, Column, Figures, Load, Scenario } from './scenario.ts';
import { startMeasuring } from './sending.ts';

interface Transport {
  readonly name: string;
  readonly how: string;
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

interface Kind {
  readonly name: string;
  readonly title: string;
  readonly round: string;
  readonly action: 'send' | 'receive';
  readonly tls: boolean;
}

function scenarioOf({ name, title, round, action, tls }: Kind): Scenario {
  return {
    name,
    title,
    about: `A round ${round}, ${inFlight} rounds at a time, over HTTP${tls ? 'S' : ''} to a server that answers at once. The messages are counted: ten to a round.`,
    latencyMs: 0,
    full: { rounds: 5, messages: 40_000, warmUp: 40_000 },
    quick: { rounds: 1, messages: 10_000, warmUp: 10_000 },
    columns,
    cases: transports.map((transport): Case => {
      const { name: transportName, how, open } = transport;
      return {
        name: transportName,
        how,
        async measure(load) {
          setDefaultCACertificates([localhostCertificate.cert]);
          await using server = await startLoadServer({ tls, endless: true });
          await using calls = await open(server.target);
          return await measureRounds(() => calls[action](), load, server.target);
        },
      };
    }),
  };
}

async function measureRounds(
  round: () => Promise<unknown>,
  { messages, warmUp }: Load,
  target: Target,
): Promise<Figures> {
  await repeat(round, warmUp / messagesPerCall);
  const rounds = Math.ceil(messages / messagesPerCall);
  const before = await countsOf(target);
  const stop = startMeasuring();
  await repeat(round, rounds);
  const { seconds, cpuMicros } = stop();
  const after = await countsOf(target);
  return {
    cpuMicros: cpuMicros / rounds,
    roundsPerSecond: rounds / seconds,
    serverCpuMicros: (after.cpuMicros - before.cpuMicros) / rounds,
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
    round: 'sends ten messages of 200 bytes in one call',
    action: 'send',
    tls: false,
  } as const,
  {
    name: 'transport-send-tls',
    title: 'What a batch call costs over HTTPS',
    round: 'sends ten messages of 200 bytes in one call',
    action: 'send',
    tls: true,
  } as const,
  {
    name: 'transport-receive',
    title: 'What receiving and deleting costs',
    round: 'receives ten messages of 1 KB in one call and deletes them in another',
    action: 'receive',
    tls: false,
  } as const,
].map(scenarioOf);
