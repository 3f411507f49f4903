import { sqsLimits } from '@sqskit/core';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { altered, createScene } from './scene.ts';

type Step =
  | { readonly do: 'start' | 'pause' | 'resume' | 'send' }
  | { readonly do: 'stop'; readonly timeoutMs: number; readonly mode: 'finish' | 'release' }
  | { readonly do: 'wait'; readonly ms: number };

const steps: fc.Arbitrary<readonly Step[]> = fc.array(
  fc.oneof(
    fc.constantFrom<Step>({ do: 'start' }, { do: 'pause' }, { do: 'resume' }, { do: 'send' }),
    fc.record({
      do: fc.constant('stop' as const),
      timeoutMs: fc.constantFrom(0, 100, 5_000, 30_000),
      mode: fc.constantFrom('finish' as const, 'release' as const),
    }),
    fc.record({ do: fc.constant('wait' as const), ms: fc.constantFrom(0, 1, 50, 700, 25_000) }),
  ),
  { minLength: 1, maxLength: 25 },
);

test('whatever the order of start, stop, pause and resume, one engine polls at most, and the last word counts', async () => {
  await fc.assert(
    fc.asyncProperty(steps, async (sequence) => {
      const scene = createScene({ latencyMs: 10 });
      const { clock, queue, consume, sleep, send } = scene;
      let polls = 0;
      const counted = altered(queue, {
        async receive(request, options) {
          expect(++polls).toBe(1); // one engine with one poller
          try {
            return await queue.receive(request, options);
          } finally {
            polls--;
          }
        },
      });
      const live = new Set<number>();
      const consumer = consume<number>(
        async ({ body }, { signal }) => {
          expect(live.has(body)).toBe(false);
          live.add(body);
          await sleep(300, signal).finally(() => live.delete(body));
        },
        { maxPollers: 1, maxConcurrency: 3, prefetch: 2 },
        counted,
      );
      let shouldRun = false;
      for (const step of sequence) {
        switch (step.do) {
          case 'send':
            await send(sqsLimits.maxBatchEntries);
            break;
          case 'wait':
            await clock.advance(step.ms);
            break;
          case 'stop':
            void consumer.stop({ timeoutMs: step.timeoutMs, mode: step.mode });
            shouldRun = false;
            break;
          default:
            consumer[step.do]();
            shouldRun ||= step.do === 'start';
        }
      }
      await clock.advance(60_000);
      expect(['running', 'paused'].includes(consumer.stats().state)).toBe(shouldRun);
      consumer.resume();
      await clock.advance(60_000);
      expect(queue.messages().length === 0 || !shouldRun).toBe(true);
      await clock.settle(consumer.stop());
      expect(consumer.stats()).toMatchObject({ state: 'stopped', polls: 0, running: 0, settling: 0 });
      expect(polls).toBe(0);
      expect(clock.pendingTimers).toBe(0);
      expect(queue.messages().filter(({ state }) => state === 'in-flight')).toEqual([]);
    }),
    { numRuns: 300 },
  );
});
