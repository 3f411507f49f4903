import { packed } from '@sqskit/compression';
import { describe, expect, onTestFinished, test } from 'vitest';
import { measure } from '../src/measure.ts';
import { scenarios } from '../src/scenarios/all.ts';
import { rivals } from '../src/scenarios/rivals.ts';
import { bodiesAt, countsOf, startLoadServer, type Target } from '../src/server/start-load-server.ts';

const load = { messages: 20, warmUp: 5 };

/** Messages that reach the server, where they are not the load's. */
const arriving: Readonly<Record<string, number>> = {
  plain: 2 * 20, // the warm-up goes to another server; those that open the connections come here
  sustained: 2 * 20,
  packed: 2 * 20,
  'packed-sustained': 2 * 20,
  'packed-varied': 2 * 20,
  linger: 2 * 25, // in batches, and packed
  enqueue: 0, // to a queue in the process itself
  latency: 2 * 25, // through the SDK too
  sizes: 0, // made, and not sent
  incompressible: 0,
  'transport-send': 0, // to a server of their own, as the next
  'transport-send-tls': 0,
  'transport-receive': 0,
  'throttled-neighbour': 0,
  receiving: 0, // from a server of its own
  slots: 0,
};

/** A server that refuses what SQS would refuse. */
async function checkingServer(): Promise<Target> {
  const server = await startLoadServer({ check: true, keep: true });
  onTestFinished(() => server[Symbol.asyncDispose]());
  return server.target;
}

/** Messages that the server has been sent, those in packs each by itself. */
async function messagesAt(target: Target): Promise<number> {
  const envelope = packed();
  let count = 0;
  for (const body of await bodiesAt(target)) {
    const { items } = await envelope.open({ body });
    expect(items.filter((item) => 'error' in item)).toEqual([]);
    count += items.length;
  }
  return count;
}

describe.for(scenarios.filter(({ name }) => name !== rivals.name))('$name', ({ name, columns, cases }) => {
  test.for(cases)('$name measures every column, and sends what it says it sends', async (measured) => {
    const target = await checkingServer();
    const figures = await measured.measure(load, target);
    for (const { figure } of columns) {
      expect(figures).toHaveProperty(figure, expect.any(Number));
    }
    expect(await messagesAt(target)).toBe(arriving[name] ?? 25);
  });
});

test('a case runs in a process of its own', async () => {
  const target = await checkingServer();
  const figures = await measure({ scenario: 'plain', name: 'sqskit', load, target });
  expect(figures['messagesPerSecond']).toBeGreaterThan(0);
  expect(await countsOf(target)).toMatchObject({ messages: 40 });
});

test('a process that fails says why', async () => {
  const target = {
    endpoint: 'http://127.0.0.1:1',
    queueName: 'bench',
    queueUrl: 'http://127.0.0.1:1/0/bench',
  };
  const run = measure({ scenario: 'plain', name: 'SDK, batches in turn', load, target });
  await expect(run).rejects.toThrow(/^plain, SDK, batches in turn failed: .*ECONNREFUSED/s);
});
