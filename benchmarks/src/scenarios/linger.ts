import type { ProducerOptions } from '@sqskit/batching';
import { packed } from '@sqskit/compression';
import type { Body } from '../contenders/contender.ts';
import { overSdk } from '../contenders/sdk-connection.ts';
import { openProducer, sendAwaitedLater } from '../contenders/sqskit.ts';
import { earthquakes, repeated } from '../data.ts';
import { countsOf, type Target } from '../server/start-load-server.ts';
import { quantile } from '../statistics.ts';
import { sendPaced } from './pace.ts';
import type { Case, Load, Scenario } from './scenario.ts';
import { startMeasuring } from './sending.ts';

const rates = [100, 1_000, 10_000];
const lingers = [5, 50, 500];
const topRate = Math.max(...rates);
const fewest = 20;

interface Paced {
  readonly billed: number;
  readonly cpuMicros: number;
  readonly p50: number;
}

/** Sends for as long as the fastest rate takes for the load's messages. */
async function measurePaced(
  { messages, warmUp }: Load,
  target: Target,
  perSecond: number,
  options: ProducerOptions<Body>,
): Promise<Paced> {
  await using open = openProducer(overSdk(target), options);
  const { producer } = open;
  await sendAwaitedLater(repeated(earthquakes(), warmUp), (body) => producer.send({ body }));
  const count = Math.max(fewest, Math.round((messages * perSecond) / topRate));
  const bodies = repeated(earthquakes(), count);
  const before = await countsOf(target);
  const stop = startMeasuring();
  const latencies = await sendPaced(count, perSecond, (index) =>
    producer.send({ body: bodies[index] ?? {} }),
  );
  const { cpuMicros } = stop();
  const after = await countsOf(target);
  return {
    billed: (after.billedUnits - before.billedUnits) / count,
    cpuMicros: cpuMicros / count,
    p50: quantile(latencies, 0.5),
  };
}

function lingerCase(perSecond: number, lingerMs: number): Case {
  return {
    name: `${perSecond.toLocaleString('en-US')} sends/s, linger ${lingerMs} ms`,
    how: '',
    async measure(load, target) {
      const options = { lingerMs, lingerWhenIdle: true };
      const plain = await measurePaced(load, target, perSecond, options);
      const pack = await measurePaced(load, target, perSecond, { ...options, envelope: packed() });
      return {
        plainBilled: plain.billed,
        packedBilled: pack.billed,
        saving: plain.billed / pack.billed,
        plainCpu: plain.cpuMicros,
        packedCpu: pack.cpuMicros,
        plainP50: plain.p50,
        packedP50: pack.p50,
      };
    },
  };
}

export const linger: Scenario = {
  name: 'linger',
  title: 'What packing saves, by rate and linger',
  about:
    'Earthquakes sent one by one at a steady rate for two seconds and a half, first in batches of ten, then packed, with the same linger (`lingerWhenIdle: true`), to a server that answers after 10 ms. Latency is from `send()` to when its promise resolves.',
  latencyMs: 10,
  full: { rounds: 1, messages: 24_000, warmUp: 4_000 },
  quick: { rounds: 1, messages: 5_000, warmUp: 1_000 },
  columns: [
    { figure: 'plainBilled', title: 'billed/message, batches', digits: 4 },
    { figure: 'packedBilled', title: 'billed/message, packed', digits: 4 },
    { figure: 'saving', title: 'times fewer', digits: 1 },
    { figure: 'plainCpu', title: 'CPU µs/message, batches', digits: 0 },
    { figure: 'packedCpu', title: 'CPU µs/message, packed', digits: 0 },
    { figure: 'plainP50', title: 'latency p50 ms, batches', digits: 1 },
    { figure: 'packedP50', title: 'latency p50 ms, packed', digits: 1 },
  ],
  cases: rates.flatMap((perSecond) =>
    lingers.map((lingerMs) => ({
      ...lingerCase(perSecond, lingerMs),
      isSlow: perSecond !== 1_000 || lingerMs === 500,
    })),
  ),
};
