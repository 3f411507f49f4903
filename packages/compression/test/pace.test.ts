import { createFakeClock } from '@sqskit/testing';
import { describe, expect, test } from 'vitest';
import { createPacer } from '../src/pace.ts';

const bytes = 100_000;

/** A pace whose synchronous calls take as long as is said. */
function paced(guess: number, maxBlockMs = 1): (tookMs: number, size?: number) => Promise<'now' | 'later'> {
  let now = 0;
  const pace = createPacer(maxBlockMs, { ...createFakeClock(), monotonic: () => now })(guess);
  return async (tookMs, size = bytes) =>
    pace.run<'now' | 'later'>(
      size,
      () => {
        now += tookMs;
        return 'now';
      },
      async () => 'later',
    );
}

describe('a pace', () => {
  test('goes by its guess until it knows better', async () => {
    expect(await paced(0.001)(0)).toBe('now');
    expect(await paced(0.1)(0)).toBe('later');
  });

  test('learns from calls that take longer', async () => {
    const run = paced(0.001);
    const ways: string[] = [];
    for (let call = 0; call < 30; call++) {
      ways.push(await run(5));
    }
    expect(ways[0]).toBe('now');
    expect(ways.filter((way) => way === 'later').length).toBeGreaterThan(15);
  });

  test('tries again what was only just too slow', async () => {
    const run = paced(0.0101);
    expect(await run(0)).toBe('later');
    const ways = [await run(0), await run(0), await run(0)];
    expect(ways).toContain('now');
  });

  test('a clock too coarse for most calls once made it block for good', async () => {
    const run = paced(0.01);
    for (let call = 0; call < 5_000; call++) {
      await run(0, 16_384);
    }
    const ways: string[] = [];
    for (let call = 0; call < 20; call++) {
      ways.push(await run(100));
    }
    expect(ways).toContain('later');
  });

  test('does what is small at once, whatever it thinks', async () => {
    expect(await paced(1_000)(0, 16_383)).toBe('now');
    expect(await paced(1_000)(0, 16_384)).toBe('later');
  });

  test('does everything at once where it may take as long as it likes, or cannot do otherwise', async () => {
    expect(await paced(1_000, Number.POSITIVE_INFINITY)(0)).toBe('now');
    expect(createPacer(1, createFakeClock())(1_000).run(bytes, () => 'now', undefined)).toBe('now');
  });

  test('has two calls at a time off the event loop, and goes on after one that failed', async () => {
    const pace = createPacer(0, createFakeClock())(1);
    const ends: (() => void)[] = [];
    let running = 0;
    let most = 0;
    const calls = Array.from({ length: 6 }, async (_, index) =>
      pace.run(
        bytes,
        () => index,
        async () => {
          most = Math.max(most, ++running);
          await new Promise<void>((resolve) => ends.push(resolve));
          running--;
          if (index === 1) {
            throw new Error('broken');
          }
          return index;
        },
      ),
    );
    const settled = Promise.allSettled(calls);
    for (let ended = 0; ended < 6; ended++) {
      while (ends.length <= ended) {
        await Promise.resolve();
      }
      ends[ended]?.();
    }
    expect((await settled).map(({ status }) => status)).toEqual(
      [0, 1, 2, 3, 4, 5].map((index) => (index === 1 ? 'rejected' : 'fulfilled')),
    );
    expect(most).toBe(2);
  });
});
