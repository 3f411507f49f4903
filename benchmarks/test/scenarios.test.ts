import { describe, expect, onTestFinished, test } from 'vitest';
import { measure } from '../src/measure.ts';
import { scenarios } from '../src/scenarios/all.ts';
import { countsOf, startLoadServer } from '../src/server/start-load-server.ts';

const load = { messages: 20, warmUp: 5 };

/** SQS messages that reach the server, where they are not one for each message. */
const arriving: Readonly<Record<string, number>> = {
  enqueue: 0, // to a queue in the process itself
  latency: 2 * 25, // through the SDK too
  sizes: 0, // made, and not sent
};

async function checkingServer() {
  const server = await startLoadServer({ check: true });
  onTestFinished(() => server[Symbol.asyncDispose]());
  return server.target;
}

describe.for(scenarios)('$name', ({ name, columns, cases }) => {
  test.for(cases)('$name measures every column, and sends what it says it sends', async (measured) => {
    const target = await checkingServer();
    const figures = await measured.measure(load, target);
    for (const { figure } of columns) {
      expect(figures).toHaveProperty(figure, expect.any(Number));
    }
    const { messages } = await countsOf(target);
    expect(messages).toBe(arriving[name] ?? 25);
  });
});

test('a case runs in a process of its own', async () => {
  const target = await checkingServer();
  const figures = await measure({ scenario: 'plain', name: 'sqskit', load, target });
  expect(figures['requests']).toBe(0.1);
  expect(await countsOf(target)).toMatchObject({ messages: 25 });
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
