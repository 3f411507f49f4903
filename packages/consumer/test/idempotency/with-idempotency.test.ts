import type { Handler } from '@sqskit/core';
import { ack, deadLetter, isQueueError, type Layer, release, retry } from '@sqskit/core';
import { expect, test } from 'vitest';
import {
  type Claim,
  type IdempotencyErrorContext,
  type IdempotencyOptions,
  type IdempotencyStore,
  memoryStore,
  withIdempotency,
} from '../../src/idempotency/index.ts';
import { createScene, type Scene } from '../scene.ts';

interface Told {
  readonly error: unknown;
  readonly context: IdempotencyErrorContext;
}

/** A layer on the scene's clock, with what its `onError` was told. */
function layerIn(
  { clock }: Scene,
  options: IdempotencyOptions<number> = {},
): { readonly once: Layer<Handler<number>>; readonly told: Told[] } {
  const told: Told[] = [];
  const once = withIdempotency<number>({
    store: memoryStore({ clock }),
    clock,
    onError: (error, context) => told.push({ error, context }),
    ...options,
  });
  return { once, told };
}

/** A store that does as another does, but for these. */
function alteredStore(store: IdempotencyStore, verbs: Partial<IdempotencyStore>): IdempotencyStore {
  return {
    claim: (key, owner, leaseMs) => store.claim(key, owner, leaseMs),
    complete: (key) => store.complete(key),
    release: (key, owner) => store.release(key, owner),
    ...verbs,
  };
}

test('two messages with one key run once, and both are deleted', async () => {
  const scene = createScene();
  const { once, told } = layerIn(scene, { key: ({ body }) => `order-${Math.floor(body / 2)}` });
  const runs: number[] = [];
  await scene.send(4);
  const consumer = scene.consume(
    once(({ body }) => runs.push(body)),
    { maxConcurrency: 1 },
  );
  consumer.start();
  await scene.clock.advance(5_000);
  await scene.clock.settle(consumer.stop());
  expect(runs).toEqual([0, 2]);
  expect(scene.queue.deleted).toHaveLength(4);
  expect(told).toEqual([]);
});

test('a message whose key another holds comes again when that claim would end, and is acknowledged then without a run', async () => {
  const scene = createScene();
  const store = memoryStore({ clock: scene.clock });
  const { once } = layerIn(scene, { store });
  await scene.send(1);
  const [{ id }] = scene.queue.messages().map(({ messageId }) => ({ id: messageId })) as [{ id: string }];
  await store.claim(id, 'another process', 40_000);
  const consumer = scene.consume(
    once(() => expect.unreachable()),
    { waitTimeMs: 1_000 },
  );
  consumer.start();
  await scene.clock.advance(30_000);
  expect(scene.calls('changeVisibilityBatch').flatMap(({ given }) => given)).toMatchObject([
    { visibilityTimeoutMs: expect.closeTo(40_000, -3) },
  ]);
  store.complete(id);
  await scene.clock.advance(15_000);
  await scene.clock.settle(consumer.stop());
  expect(scene.queue.messages()).toEqual([]);
});

test('a claim whose holder died lets the message run when its lease has ended', async () => {
  const scene = createScene();
  const store = memoryStore({ clock: scene.clock });
  const { once } = layerIn(scene, { store });
  await scene.send(1);
  for (const { messageId } of scene.queue.messages()) {
    await store.claim(messageId, 'a process that died', 10_000);
  }
  const startedAt: number[] = [];
  const consumer = scene.consume(
    once(() => startedAt.push(scene.clock.monotonic())),
    { waitTimeMs: 1_000 },
  );
  consumer.start();
  await scene.clock.advance(20_000);
  await scene.clock.settle(consumer.stop());
  expect(startedAt).toHaveLength(1);
  expect(startedAt[0]).toBeGreaterThanOrEqual(10_000);
  expect(startedAt[0]).toBeLessThan(12_000);
});

test('the claim is renewed for as long as the handler runs, so that nobody else runs it', async () => {
  const scene = createScene();
  const store = memoryStore({ clock: scene.clock });
  const { once, told } = layerIn(scene, { store, leaseMs: 4_000 });
  await scene.send(1);
  const claims: Claim['status'][] = [];
  const consumer = scene.consume(
    once(async ({ id }) => {
      for (let second = 0; second < 20; second++) {
        await scene.sleep(1_000);
        claims.push((await store.claim(id, 'another process', 4_000)).status);
      }
    }),
  );
  consumer.start();
  await scene.clock.advance(25_000);
  await scene.clock.settle(consumer.stop());
  expect(new Set(claims)).toEqual(new Set(['held']));
  expect(told).toEqual([]);
  expect(scene.clock.pendingTimers).toBe(0);
});

test('what fails, or asks to come again, or is dead-lettered, may run again at once', async () => {
  const scene = createScene();
  const store = memoryStore({ clock: scene.clock });
  const { once } = layerIn(scene, { store });
  const context = { signal: new AbortController().signal };
  const message = { id: 'a', messageId: 'a', body: 1 } as Parameters<Handler<number>>[0];
  const runOnce = async (handler: Handler<number>): Promise<unknown> => once(handler)(message, context);
  const verdicts = [retry({ delayMs: 5 }), release(), deadLetter('hopeless')];
  for (const verdict of verdicts) {
    expect(await runOnce(() => verdict)).toBe(verdict);
  }
  await expect(
    runOnce(() => {
      throw new Error('not yet');
    }),
  ).rejects.toThrow('not yet');
  await expect(runOnce(async () => Promise.reject(new Error('nor now')))).rejects.toThrow('nor now');
  expect(await runOnce(() => ack())).toEqual(ack());
  expect(await runOnce(() => expect.unreachable())).toBeUndefined();
});

test('what returns without a verdict after it was told to end is not done', async () => {
  const once = withIdempotency<number>();
  const message = { id: 'a', messageId: 'a', body: 1 } as Parameters<Handler<number>>[0];
  const signal = AbortSignal.abort();
  let runs = 0;
  const runOnce = async (result: unknown): Promise<unknown> =>
    once(() => {
      runs++;
      return result;
    })(message, { signal });
  await runOnce(undefined);
  await runOnce(ack());
  await runOnce(undefined);
  expect(runs).toBe(2);
});

test.each([
  ['throws', () => Promise.reject(new Error('store down'))],
  ['never answers', () => new Promise<never>(() => undefined)],
  ['answers what it should not', () => ({ status: 'maybe' }) as unknown as Claim],
])('while the store %s messages are retried and do not run', async (_how, claim) => {
  const scene = createScene();
  const store = memoryStore({ clock: scene.clock });
  let isDown = true;
  const { once, told } = layerIn(scene, {
    store: alteredStore(store, { claim: (...args) => (isDown ? claim() : store.claim(...args)) }),
  });
  await scene.send(1);
  const runs: number[] = [];
  const consumer = scene.consume(
    once(({ body }) => runs.push(body)),
    { waitTimeMs: 1_000, retryMaxMs: 1_000 },
  );
  consumer.start();
  await scene.clock.advance(20_000);
  expect(runs).toEqual([]);
  expect(told.length).toBeGreaterThan(0);
  expect(new Set(told.map(({ context }) => context.during))).toEqual(new Set(['claim']));
  isDown = false;
  await scene.clock.advance(10_000);
  await scene.clock.settle(consumer.stop());
  expect(runs).toEqual([0]);
  expect(scene.queue.messages()).toEqual([]);
  expect(scene.clock.pendingTimers).toBe(0);
});

test('a store that does not answer in time is a `timeout`', async () => {
  const scene = createScene();
  const { once, told } = layerIn(scene, {
    storeTimeoutMs: 100,
    onStoreFailure: 'run',
    store: alteredStore(memoryStore({ clock: scene.clock }), {
      claim: () => new Promise<never>(() => undefined),
    }),
  });
  await scene.send(1);
  const consumer = scene.consume(once(() => undefined));
  consumer.start();
  await scene.clock.advance(1_000);
  await scene.clock.settle(consumer.stop());
  expect(told).toHaveLength(1);
  expect(isQueueError(told[0]?.error, 'timeout')).toBe(true);
});

test('with `run` a message whose key cannot be claimed runs all the same', async () => {
  const scene = createScene();
  const store = memoryStore({ clock: scene.clock });
  const { once, told } = layerIn(scene, {
    onStoreFailure: 'run',
    store: alteredStore(store, { claim: () => Promise.reject(new Error('store down')) }),
  });
  await scene.send(2);
  const runs: number[] = [];
  const consumer = scene.consume(once(({ body }) => runs.push(body)));
  consumer.start();
  await scene.clock.advance(1_000);
  await scene.clock.settle(consumer.stop());
  expect(new Set(runs)).toEqual(new Set([0, 1]));
  expect(told).toHaveLength(2);
  expect(scene.queue.messages()).toEqual([]);
});

test('a message that is done is acknowledged though the store cannot be told', async () => {
  const scene = createScene();
  const { once, told } = layerIn(scene, {
    store: alteredStore(memoryStore({ clock: scene.clock }), {
      complete() {
        throw new Error('store down');
      },
    }),
  });
  await scene.send(1);
  const consumer = scene.consume(once(() => undefined));
  consumer.start();
  await scene.clock.advance(1_000);
  await scene.clock.settle(consumer.stop());
  expect(scene.queue.messages()).toEqual([]);
  expect(told).toMatchObject([{ context: { during: 'complete' } }]);
});

test('a key that is released while a renewal is under way stays released', async () => {
  const scene = createScene();
  const store = memoryStore({ clock: scene.clock });
  let claims = 0;
  const { once } = layerIn(scene, {
    leaseMs: 10_000,
    store: alteredStore(store, {
      async claim(key, owner, leaseMs) {
        await scene.sleep(claims++ === 0 ? 0 : 2_000);
        return store.claim(key, owner, leaseMs);
      },
    }),
  });
  await scene.send(1);
  const ids: string[] = [];
  const consumer = scene.consume(
    once(async ({ id }) => {
      ids.push(id);
      await scene.sleep(6_000); // the renewal begins at 5 s and is answered at 7 s
      return retry({ delayMs: 600_000 });
    }),
  );
  consumer.start();
  await scene.clock.advance(9_000);
  expect(ids).toHaveLength(1);
  expect(await store.claim(String(ids[0]), 'another', 1_000)).toEqual({ status: 'claimed' });
  await scene.clock.settle(consumer.stop());
});

test('a key that another has claimed while the handler ran is told of', async () => {
  const scene = createScene();
  const store = memoryStore({ clock: scene.clock });
  let claims = 0;
  const { once, told } = layerIn(scene, {
    leaseMs: 10_000,
    store: alteredStore(store, {
      claim: (...args) => (claims++ === 0 ? store.claim(...args) : { status: 'held', forMs: 5_000 }),
    }),
  });
  await scene.send(1);
  const consumer = scene.consume(once(() => scene.sleep(20_000)));
  consumer.start();
  await scene.clock.advance(25_000);
  await scene.clock.settle(consumer.stop());
  expect(told).toMatchObject([{ context: { during: 'renew' } }]);
  expect(isQueueError(told[0]?.error, 'lease-lost')).toBe(true);
});

test('a key function that gives no text fails its message: of many without a key all but one would be taken for done', async () => {
  const scene = createScene();
  const noKey: unknown = undefined;
  const { once } = layerIn(scene, { key: ({ body }) => (body === 0 ? (noKey as string) : 'k') });
  await scene.send(2);
  const runs: number[] = [];
  const consumer = scene.consume(once(({ body }) => runs.push(body)));
  consumer.start();
  await scene.clock.advance(500);
  await scene.clock.settle(consumer.stop());
  expect(runs).toEqual([1]);
  expect(isQueueError(scene.errors[0]?.error, 'option-invalid')).toBe(true);
});

test('an `onError` that throws does no harm', async () => {
  const scene = createScene();
  const { once } = layerIn(scene, {
    store: alteredStore(memoryStore({ clock: scene.clock }), {
      complete: () => Promise.reject(new Error('store down')),
    }),
    onError: () => {
      throw new Error('nor this');
    },
  });
  await scene.send(1);
  const consumer = scene.consume(once(() => undefined));
  consumer.start();
  await scene.clock.advance(1_000);
  await scene.clock.settle(consumer.stop());
  expect(scene.queue.messages()).toEqual([]);
});

test('wrong options are refused', () => {
  const wrong: unknown = { claim: () => undefined };
  expect(() => withIdempotency({ store: wrong as IdempotencyStore })).toThrow(
    /withIdempotency: expected `store`/,
  );
  expect(() => withIdempotency({ leaseMs: 5 })).toThrow(/withIdempotency: expected `leaseMs`/);
});

test('without options it has a memory store of its own and goes by the message id', async () => {
  const scene = createScene();
  const once = withIdempotency<number>();
  const runs: string[] = [];
  const handler = once(({ id }) => runs.push(id));
  const context = { signal: new AbortController().signal };
  for (const id of ['a', 'b', 'a']) {
    await handler({ id, messageId: id, body: 1 } as Parameters<Handler<number>>[0], context);
  }
  expect(runs).toEqual(['a', 'b']);
  expect(scene.errors).toEqual([]);
});

test('what is no handler is refused before there is a message', () => {
  const wrong: unknown = undefined;
  expect(() => withIdempotency<number>()(wrong as Handler<number>)).toThrow(
    '[option-invalid] withIdempotency: expected `handler` to be a function, received undefined',
  );
});

test('regression: a renewal that failed once was tried again only when the claim had ended', async () => {
  const scene = createScene();
  const store = memoryStore({ clock: scene.clock });
  let renewals = 0;
  const flaky = alteredStore(store, {
    claim: async (key, owner, leaseMs) => {
      if (owner !== 'other' && ++renewals === 2) {
        throw new Error('the store is down');
      }
      return store.claim(key, owner, leaseMs);
    },
  });
  const { once } = layerIn(scene, { store: flaky, leaseMs: 10_000 });
  await scene.send(1);
  const consumer = scene.consume(once(() => scene.sleep(14_000)));
  consumer.start();
  await scene.clock.advance(11_000);
  const [message] = scene.queue.messages();
  expect(await store.claim(message?.messageId ?? '', 'other', 1_000)).toMatchObject({ status: 'held' });
  await scene.clock.settle(consumer.stop());
});

test('a key that is held for no time to speak of does not come again at once', async () => {
  const scene = createScene();
  let claims = 0;
  const store = alteredStore(memoryStore(), {
    claim: () => (claims++ < 3 ? { status: 'held', forMs: 0 } : { status: 'claimed' }),
  });
  const { once } = layerIn(scene, { store });
  await scene.send(1);
  const consumer = scene.consume(once(() => undefined));
  consumer.start();
  await scene.clock.advance(2_500);
  expect(claims).toBe(3);
  await scene.clock.settle(consumer.stop());
});

test('the store that there is by default forgets by the clock of the layer', async () => {
  const scene = createScene();
  const once = withIdempotency<number>({ clock: scene.clock, key: () => 'the same' });
  let runs = 0;
  const consumer = scene.consume(once(() => void runs++));
  await scene.send(2);
  consumer.start();
  await scene.clock.advance(2 * 3_600_000);
  expect(runs).toBe(1);
  await scene.send(1);
  await scene.clock.advance(5_000);
  expect(runs).toBe(2);
  await scene.clock.settle(consumer.stop());
});
