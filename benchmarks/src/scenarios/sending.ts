import type { Body, Contender, Sending } from '../contenders/contender.ts';
import { repeated } from '../data.ts';
import { countsOf, startLoadServer, type Target } from '../server/start-load-server.ts';
import type { Case, Column, Figures, Load } from './scenario.ts';

export const rateColumn: Column = { figure: 'messagesPerSecond', title: 'messages/s', digits: 0 };
export const cpuColumn: Column = { figure: 'cpuMicros', title: 'CPU µs/message', digits: 1 };
/** To see that the server is not what limits a contender. */
export const serverCpuColumn: Column = {
  figure: 'serverCpuMicros',
  title: "the server's CPU µs/message",
  digits: 1,
};
export const billedColumn: Column = { figure: 'billed', title: 'billed requests/message', digits: 4 };

/** Wall time and the process's CPU time, user and system, all threads, from `start` on. */
export interface Spent {
  readonly seconds: number;
  readonly cpuMicros: number;
}

/** Collects garbage, if the process may, and starts to measure; call what it returns to stop. */
export function startMeasuring(): () => Spent {
  globalThis.gc?.();
  const startedAt = performance.now();
  const cpu = process.cpuUsage();
  return () => {
    const { user, system } = process.cpuUsage(cpu);
    return { seconds: (performance.now() - startedAt) / 1_000, cpuMicros: user + system };
  };
}

/** A case that sends `bodies`, over and over, as fast as the contender can. */
export function sendingCase(
  { name, how, open }: Contender,
  bodies: () => readonly Body[],
  limits: Pick<Case, 'maxRounds' | 'isSlow'> = {},
): Case {
  return {
    name,
    how,
    ...limits,
    async measure(load, target) {
      await warmUpCode(open, bodies(), load);
      await using sending = await open(target);
      return await measureSending(sending, bodies(), load, target);
    },
  };
}

/**
 * Sends to a server that answers at once, so that even the slow run compiled code when they are measured: it takes some
 * thousand calls, which the slowest could not make otherwise.
 */
async function warmUpCode(open: Contender['open'], bodies: readonly Body[], { warmUp }: Load): Promise<void> {
  await using server = await startLoadServer();
  await using sending = await open(server.target);
  await sending.send(repeated(bodies, warmUp));
}

/** Enough for every connection to be open. */
const firstMessages = 1_000;

async function measureSending(
  sending: Sending,
  bodies: readonly Body[],
  { messages }: Load,
  target: Target,
): Promise<Figures> {
  await sending.send(repeated(bodies, Math.min(firstMessages, messages)));
  const measured = repeated(bodies, messages);
  const before = await countsOf(target);
  const stop = startMeasuring();
  await sending.send(measured);
  const { seconds, cpuMicros } = stop();
  const after = await countsOf(target);
  return {
    messagesPerSecond: messages / seconds,
    cpuMicros: cpuMicros / messages,
    requests: (after.requests - before.requests) / messages,
    billed: (after.billedUnits - before.billedUnits) / messages,
    bytes: (after.bytes - before.bytes) / messages,
    serverCpuMicros: (after.cpuMicros - before.cpuMicros) / messages,
  };
}
