// Back-pressure from outside: `admit`, asked before each receive, and `setMaxConcurrency`.

import assert from 'node:assert/strict';
import { getEventListeners } from 'node:events';
import { describe, expect, test } from 'vitest';
import type { Consumer, ConsumerOptions } from '../src/index.ts';
import { createScene, type Scene } from './scene.ts';

type Admit = NonNullable<ConsumerOptions<number>['admit']>;

/** A consumer of `count` messages that takes 10 ms for each. */
async function consuming(scene: Scene, admit: Admit, count = 100): Promise<Consumer> {
  await scene.send(count);
  const consumer = scene.consume(() => scene.sleep(10), { admit });
  consumer.start();
  return consumer;
}

const asked = ({ calls }: Scene): number[] => calls('receive').map(({ given }) => given.maxMessages);

describe('admit', () => {
  test('says how many messages a receive asks for', async () => {
    const scene = createScene({ latencyMs: 10 });
    const wanted: number[] = [];
    const consumer = await consuming(scene, (count) => {
      wanted.push(count);
      return 3.9;
    });
    await scene.clock.advance(100);
    expect(new Set(wanted)).toEqual(new Set([10]));
    expect(new Set(asked(scene))).toEqual(new Set([3]));
    await scene.clock.settle(consumer.stop());
    expect(scene.clock.pendingTimers).toBe(0);
  });

  test('cannot have more received than there is room for', async () => {
    const scene = createScene({ latencyMs: 10 });
    const consumer = await consuming(scene, () => Number.POSITIVE_INFINITY);
    await scene.clock.advance(1_000);
    expect(Math.max(...asked(scene))).toBe(10);
    expect(scene.queue.messages()).toEqual([]);
    await scene.clock.settle(consumer.stop());
  });

  test('after none it is asked again in a second, not with each message that ends', async () => {
    const scene = createScene({ latencyMs: 10 });
    let questions = 0;
    const consumer = await consuming(scene, () => (questions++ === 0 ? 10 : 0));
    await scene.clock.advance(10_500);
    expect(questions).toBe(12);
    expect(consumer.stats()).toMatchObject({ received: 10, acked: 10, receiveCalls: 1 });
    await scene.clock.settle(consumer.stop());
    expect(scene.clock.pendingTimers).toBe(0);
  });

  test('may take its time, and several receives wait for it at once', async () => {
    const scene = createScene({ latencyMs: 10 });
    let waiting = 0;
    let most = 0;
    const consumer = await consuming(scene, async (wanted) => {
      most = Math.max(most, ++waiting);
      await scene.sleep(50);
      waiting--;
      return wanted;
    });
    await scene.clock.advance(2_000);
    expect(most).toBeGreaterThan(1);
    expect(scene.queue.messages()).toEqual([]);
    await scene.clock.settle(consumer.stop());
  });

  test('what it lets through late is not received while the consumer is paused', async () => {
    const scene = createScene({ latencyMs: 10 });
    const consumer = await consuming(scene, async (wanted) => {
      await scene.sleep(100);
      return wanted;
    });
    await scene.clock.advance(50);
    consumer.pause();
    await scene.clock.advance(5_000);
    expect(scene.calls('receive')).toEqual([]);
    consumer.resume();
    await scene.clock.advance(5_000);
    expect(scene.queue.messages()).toEqual([]);
    await scene.clock.settle(consumer.stop());
  });

  test.each<[string, Admit, RegExp]>([
    [
      'throws',
      () => {
        throw new Error('no idea');
      },
      /no idea/,
    ],
    ['rejects', () => Promise.reject(new Error('no idea')), /no idea/],
    ['gives no number', () => Number.NaN, /NaN/],
  ])('one that %s is reported, counts as none, and is asked again', async (_what, broken, reason) => {
    const scene = createScene({ latencyMs: 10 });
    let questions = 0;
    const consumer = await consuming(scene, (wanted, context) => {
      return questions++ < 3 ? broken(wanted, context) : wanted;
    });
    await scene.clock.advance(2_500);
    expect(scene.calls('receive')).toEqual([]);
    expect(scene.errors).toHaveLength(3);
    expect(scene.errors[0]).toMatchObject({ context: { during: 'admit' } });
    expect(String(scene.errors[0]?.error)).toMatch(reason);
    await scene.clock.advance(1_500);
    expect(scene.queue.messages()).toEqual([]);
    await scene.clock.settle(consumer.stop());
  });

  test('a question that is never answered is aborted by stop, which does not wait for it', async () => {
    const scene = createScene();
    const signals: AbortSignal[] = [];
    const consumer = await consuming(scene, (_wanted, { signal }) => {
      signals.push(signal);
      return new Promise(() => undefined);
    });
    await scene.clock.advance(60_000);
    expect(signals.map(({ aborted }) => aborted)).toEqual([false]);
    const report = await scene.clock.settle(consumer.stop());
    expect(report).toMatchObject({ isClean: true, tookMs: 0 });
    expect(signals.map(({ aborted }) => aborted)).toEqual([true]);
    expect(scene.errors).toEqual([]);
    expect(scene.clock.pendingTimers).toBe(0);
  });

  test('one that rejects because it is aborted is not reported', async () => {
    const scene = createScene();
    const consumer = await consuming(scene, async (wanted, { signal }) => {
      await scene.sleep(60_000, signal);
      return wanted;
    });
    await scene.clock.advance(1_000);
    await scene.clock.settle(consumer.stop());
    expect(scene.errors).toEqual([]);
    expect(scene.clock.pendingTimers).toBe(0);
  });

  test('may resume the consumer while it is asked', async () => {
    const scene = createScene();
    const consumer = await consuming(scene, (wanted) => {
      consumer.resume();
      return wanted;
    });
    await scene.clock.advance(2_000);
    expect(scene.queue.messages()).toEqual([]);
    await scene.clock.settle(consumer.stop());
  });
});

describe('setMaxConcurrency', () => {
  test('more slots are used at once, and fewer as handlers end', async () => {
    const { clock, send, consume, sleep } = createScene({ latencyMs: 10 });
    await send(400);
    let running = 0;
    const consumer = consume(
      async () => {
        running++;
        await sleep(100);
        running--;
      },
      { maxConcurrency: 2, prefetch: 20 },
    );
    consumer.start();
    await clock.advance(50);
    expect(running).toBe(2);
    consumer.setMaxConcurrency(20);
    await clock.flush();
    expect(running).toBeGreaterThan(2);
    await clock.advance(1_000);
    expect(running).toBe(20);
    consumer.setMaxConcurrency(1);
    expect(running).toBe(20);
    await clock.advance(400);
    expect(running).toBe(1);
    await clock.settle(consumer.stop());
  });

  test('holds for the next start too, and is checked', async () => {
    const { clock, send, consume, sleep } = createScene();
    await send(20);
    const consumer = consume(() => sleep(1_000));
    consumer.setMaxConcurrency(3);
    consumer.start();
    await clock.advance(100);
    expect(consumer.stats().running).toBe(3);
    expect(() => consumer.setMaxConcurrency(0)).toThrow(/setMaxConcurrency: expected `maxConcurrency`/);
    await clock.settle(consumer.stop());
  });
});

test('regression: each answer that was waited for left a listener on the signal, for as long as the consumer ran', async () => {
  const scene = createScene({ latencyMs: 10 });
  const signals = new Set<AbortSignal>();
  const consumer = await consuming(scene, async (wanted, { signal }) => {
    signals.add(signal);
    return wanted;
  });
  await scene.clock.advance(5_000);
  const [signal, ...others] = signals;
  assert.ok(signal !== undefined && others.length === 0);
  expect(getEventListeners(signal, 'abort')).toEqual([]);
  await scene.clock.settle(consumer.stop());
});
