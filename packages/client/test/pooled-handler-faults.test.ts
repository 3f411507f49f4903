import fc from 'fast-check';
import { expect, test } from 'vitest';
import { pooledHandler } from '../src/index.ts';
import { poll, request, server, serverForEachTest } from './handler-set-up.ts';
import type { Answer } from './scripted-server.ts';

serverForEachTest();

const maxConnections = 4;
const maxLongPolls = 2;

/** One request: what it is, what the server does with it, and in which turn of the event loop it is aborted. */
const plans = fc.array(
  fc.record({
    isPoll: fc.boolean(),
    answer: fc.constantFrom<Answer | undefined>(
      undefined,
      { kind: 'json', body: {} },
      { kind: 'error', status: 503, type: 'ServiceUnavailable' },
      { kind: 'hang' },
      { kind: 'reset' },
      { kind: 'half' },
    ),
    abortAtTurn: fc.option(fc.nat({ max: 12 }), { nil: undefined }),
  }),
  { minLength: 1, maxLength: 40 },
);

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test('whatever the server does and whenever requests are aborted, the bounds hold and every request settles', async () => {
  await fc.assert(
    fc.asyncProperty(plans, async (given) => {
      const handler = pooledHandler({ maxConnections, maxLongPolls, requestTimeoutMs: 5_000 });
      const controllers = given.map(() => new AbortController());
      server.script(...given.map(({ answer }) => answer ?? ({ kind: 'json', body: {} } as const)));
      let settled = 0;
      const all = given.map(({ isPoll }, index) =>
        handler
          .handle(isPoll ? poll(20) : request(), {
            abortSignal: controllers[index]?.signal ?? AbortSignal.abort(),
          })
          .then(
            () => settled++,
            () => settled++,
          ),
      );
      for (let now = 0; settled < given.length; now++) {
        given.forEach(({ abortAtTurn }, index) => {
          // What hangs must be aborted some time.
          if (abortAtTurn === now || now > 500) {
            controllers[index]?.abort();
          }
        });
        const { active, longPolls, connections } = handler.stats();
        expect(active).toBeLessThanOrEqual(maxConnections);
        expect(longPolls).toBeLessThanOrEqual(maxLongPolls);
        expect(connections).toBeLessThanOrEqual(maxConnections);
        await turn();
      }
      await Promise.all(all);
      expect(handler.stats()).toMatchObject({ active: 0, longPolls: 0, waiting: 0 });
      server.clear();
      expect((await handler.handle(request())).response.statusCode).toBe(200);
      await handler.close();
      await server.quiet();
      expect(handler.stats().connections).toBe(0);
    }),
    { numRuns: 60 },
  );
}, 60_000);
