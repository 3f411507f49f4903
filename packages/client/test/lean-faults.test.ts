import type { Failure, Queue, SendOutcome } from '@sqskit/core';
import { createFakeClock } from '@sqskit/testing';
import fc from 'fast-check';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { createLeanClient, createLeanQueue } from '../src/lean.ts';
import { startSilentServer } from './handler-set-up.ts';
import { type Answer, type ScriptedServer, startScriptedServer } from './scripted-server.ts';
import { credentials, region } from './sdk.ts';

let server: ScriptedServer;

beforeEach(async () => {
  server = await startScriptedServer();
});

afterEach(async () => {
  await server.stop();
});

const maxConnections = 4;
const nothing = { active: 0, longPolls: 0, waiting: 0, connections: 0 };
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** One batch of one message: what the server does with it, and in which turn of the event loop it is aborted. */
const plans = fc.array(
  fc.record({
    answer: fc.constantFrom<Answer | undefined>(
      undefined,
      { kind: 'error', status: 403, type: 'RequestThrottled' },
      { kind: 'error', status: 500, type: 'InternalFailure' },
      { kind: 'text', status: 502, body: '<html>' },
      { kind: 'json', body: { Successful: [] } },
      { kind: 'hang' },
      { kind: 'reset' },
      { kind: 'half' },
    ),
    abortAtTurn: fc.option(fc.nat({ max: 12 }), { nil: undefined }),
  }),
  { minLength: 1, maxLength: 30 },
);

/** Whether what was told of a message can be so, given whether the server has seen it. */
function isTrue(outcome: SendOutcome | undefined, wasSeen: boolean): boolean {
  if (outcome === undefined || outcome.ok) {
    return outcome !== undefined && wasSeen;
  }
  const { code, outcome: effect } = outcome.error;
  if (!wasSeen) {
    return code === 'aborted' || code === 'network-error';
  }
  return effect === 'unknown' || code === 'throttled'; // that, SQS said itself
}

function firstBody({ Entries }: Record<string, unknown>): string | undefined {
  return (Entries as readonly { readonly MessageBody?: string }[])[0]?.MessageBody;
}

test('whatever the server does and whenever calls are aborted, what is told of each is true', async () => {
  await fc.assert(
    fc.asyncProperty(plans, async (given) => {
      const client = createLeanClient({ region, credentials, endpoint: server.endpoint, maxConnections });
      const queue = createLeanQueue(client, server.queueUrl);
      const before = server.calls.length;
      server.script(...given.map(({ answer }) => answer ?? ({ kind: 'sqs' } as const)));
      const controllers = given.map(() => new AbortController());
      const outcomes: (SendOutcome | undefined)[] = [];
      let settled = 0;
      const all = given.map(async (_, index) => {
        const signal = controllers[index]?.signal;
        outcomes[index] = (await queue.sendBatch([{ body: String(index) }], { signal }))[0];
        settled++;
      });
      for (let now = 0; settled < given.length; now++) {
        given.forEach(({ abortAtTurn }, index) => {
          if (abortAtTurn === now || now > 500) {
            controllers[index]?.abort(); // what hangs must be aborted some time
          }
        });
        expect(client.stats().active).toBeLessThanOrEqual(maxConnections);
        await turn();
      }
      await Promise.all(all);
      const arrived = new Set(server.calls.slice(before).map(({ input }) => firstBody(input)));
      expect(outcomes.map((outcome, index) => isTrue(outcome, arrived.has(String(index))))).toEqual(
        outcomes.map(() => true),
      );
      server.clear();
      expect(await queue.depth()).toMatchObject({ visible: 3 });
      await client.close();
      await server.quiet();
      expect(client.stats()).toEqual(nothing);
    }),
    { numRuns: 60 },
  );
});

test('a server that takes connections and never answers: every call ends within its time-out, and its connection', async () => {
  const silent = await startSilentServer();
  const clock = createFakeClock();
  const endpoint = `http://127.0.0.1:${silent.port}`;
  const client = createLeanClient({ region, credentials, endpoint, clock, requestTimeoutMs: 1_000 });
  const queue = createLeanQueue(client, `${endpoint}/000000000000/q`, { clock });
  const calls = Array.from({ length: 200 }, () => queue.sendBatch([{ body: 'a' }]));
  const polls = Array.from({ length: 60 }, () =>
    queue.receive({ maxMessages: 1, waitTimeMs: 2_000 }).catch((error: unknown) => error),
  );
  await vi.waitFor(() => expect(silent.sockets.size).toBe(50));
  await clock.advance(1_000);
  const failures = (await Promise.all(calls)).map(([outcome]) => outcome as Failure);
  expect(failures.every(({ error }) => error.code === 'timeout' && error.retryable)).toBe(true);
  await clock.advance(2_000);
  expect(await Promise.all(polls)).toEqual(
    polls.map(() =>
      expect.objectContaining({
        code: 'timeout',
        details: { operation: 'ReceiveMessage', timeoutMs: 3_000 },
      }),
    ),
  );
  await vi.waitFor(() => expect(client.stats()).toEqual(nothing));
  await vi.waitFor(() => expect(silent.sockets.size).toBe(0));
  expect(clock.pendingTimers).toBe(0);
  silent.server.close();
});

test('10,000 aborted calls leave no open socket, nor a warning of a leak', async () => {
  const warnings: Error[] = [];
  const onWarning = (warning: Error): number => warnings.push(warning);
  process.on('warning', onWarning);
  const client = createLeanClient({ region, credentials, endpoint: server.endpoint });
  const queue: Queue = createLeanQueue(client, server.queueUrl);
  server.always({ kind: 'hang' });
  let arrivals = 0;
  for (let wave = 0; wave < 50; wave++) {
    const controller = new AbortController();
    const { signal } = controller;
    const calls = Array.from({ length: 200 }, () => queue.deleteBatch(['handle'], { signal }));
    arrivals += 50;
    await server.arrival(arrivals);
    controller.abort();
    const outcomes = (await Promise.all(calls)).map(([outcome]) => (outcome as Failure).error.outcome);
    expect(outcomes.filter((outcome) => outcome === 'unknown')).toHaveLength(50);
    expect(outcomes.filter((outcome) => outcome === 'rejected')).toHaveLength(150);
    server.clear();
  }
  await server.quiet();
  await vi.waitFor(() => expect(client.stats()).toEqual(nothing));
  server.always(undefined);
  expect(await queue.depth()).toMatchObject({ visible: 3 });
  expect(warnings).toEqual([]);
  process.off('warning', onWarning);
  await client.close();
});
