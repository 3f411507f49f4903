import type { Body } from '../contenders/contender.ts';
import { overSdk } from '../contenders/sdk-connection.ts';
import { openProducer, sendAwaitedLater } from '../contenders/sqskit.ts';
import { kilobytes, repeated } from '../data.ts';
import { countsOf } from '../server/start-load-server.ts';
import { quantile } from '../statistics.ts';
import { sendPaced } from './pace.ts';
import type { Case, Scenario } from './scenario.ts';
import { cpuColumn, startMeasuring } from './sending.ts';

function fillCase(perSecond: number): Case {
  return {
    name: `${perSecond.toLocaleString('en-US')} sends/s`,
    how: `\`createProducer(…, { lingerMs: 10 })\`; a single \`send()\` ${perSecond.toLocaleString('en-US')} times a second.`,
    async measure({ messages, warmUp }, target) {
      await using open = openProducer<Body>(overSdk(target), { lingerMs: 10 });
      const { producer } = open;
      await sendAwaitedLater(repeated(kilobytes(), warmUp), (body) => producer.send({ body }));
      const bodies = repeated(kilobytes(), messages);
      const before = await countsOf(target);
      const stop = startMeasuring();
      const latencies = await sendPaced(messages, perSecond, (index) =>
        producer.send({ body: bodies[index] ?? {} }),
      );
      const { cpuMicros } = stop();
      const after = await countsOf(target);
      return {
        fill: (after.messages - before.messages) / (after.requests - before.requests),
        cpuMicros: cpuMicros / messages,
        p50: quantile(latencies, 0.5),
        p99: quantile(latencies, 0.99),
      };
    },
  };
}

export const fill: Scenario = {
  name: 'fill',
  title: 'How full batches are',
  about:
    'Messages of 1 KB, sent one by one at a steady rate, with a linger of 10 ms, to a server that answers after 10 ms. Fill is messages a request, as the server counts them, of at most ten; latency is from `send()` to when its promise resolves.',
  latencyMs: 10,
  full: { rounds: 3, messages: 20_000, warmUp: 2_000 },
  quick: { rounds: 1, messages: 10_000, warmUp: 1_000 },
  columns: [
    { figure: 'fill', title: 'mean fill', digits: 2 },
    cpuColumn,
    { figure: 'p50', title: 'latency p50, ms', digits: 1 },
    { figure: 'p99', title: 'latency p99, ms', digits: 1 },
  ],
  cases: [fillCase(5_000), { ...fillCase(1_000), maxRounds: 1, isSlow: true }],
};
