import { getEventListeners } from 'node:events';
import { isQueueError, type Queue } from '@sqskit/core';
import { createRandom } from '@sqskit/testing';
import { expect, test } from 'vitest';
import { type StreamOptions, stream } from '../src/index.ts';
import { createScene, type Scene } from './scene.ts';

function options(scene: Scene, more: StreamOptions<number> = {}): StreamOptions<number> {
  return {
    clock: scene.clock,
    random: createRandom(1),
    onError: (error, context) => scene.errors.push({ error, context }),
    ...more,
  };
}

test('messages come one after the other, each acknowledged when the next is asked for', async () => {
  const scene = createScene({ latencyMs: 5 });
  const { clock, queue, send } = scene;
  await send(25);
  const seen: number[] = [];
  const loop = async (): Promise<void> => {
    for await (const message of stream<number>(queue, options(scene))) {
      expect(queue.deleted.length).toBeLessThanOrEqual(seen.length);
      seen.push(message.body);
      await scene.sleep(50);
      if (seen.length === 25) {
        message.ack();
        break;
      }
    }
  };
  await clock.settle(loop());
  expect(seen).toEqual(Array.from({ length: 25 }, (_, index) => index));
  expect(queue.messages()).toEqual([]);
  expect(scene.calls('receive')).toHaveLength(3);
  expect(clock.pendingTimers).toBe(0);
});

test('breaking out leaves the message in hand unacknowledged and gives back the rest, at once', async () => {
  const scene = createScene();
  const { clock, queue, send } = scene;
  await send(10);
  const loop = async (): Promise<number> => {
    for await (const message of stream<number>(queue, options(scene))) {
      if (message.body === 3) {
        break;
      }
    }
    return clock.monotonic();
  };
  expect(await clock.settle(loop())).toBeLessThan(100);
  expect(queue.deleted.map(({ body }) => body).sort()).toEqual(['0', '1', '2']);
  const left = queue.messages();
  expect(left.map(({ body, state }) => `${body} ${state}`)).toEqual([
    '3 in-flight',
    ...[4, 5, 6, 7, 8, 9].map((body) => `${body} visible`),
  ]);
  await clock.advance(1_100);
  expect(queue.messages()[0]?.state).toBe('visible');
});

test('a message that was acknowledged by hand before a break is deleted', async () => {
  const scene = createScene();
  const { clock, queue, send } = scene;
  await send(1);
  const loop = async (): Promise<void> => {
    for await (const message of stream<number>(queue, options(scene))) {
      message.ack();
      await scene.sleep(1_000);
      break;
    }
  };
  const startedAt = clock.monotonic();
  await clock.settle(loop());
  expect(clock.monotonic() - startedAt).toBeLessThan(1_100);
  expect(queue.messages()).toEqual([]);
});

test('a message that was fetched early is given back by a break, at once', async () => {
  const scene = createScene();
  const { clock, queue, send } = scene;
  await send(3);
  const loop = async (): Promise<void> => {
    for await (const message of stream<number>(queue, options(scene))) {
      message.ack();
      await scene.sleep(1_000);
      break;
    }
  };
  await clock.settle(loop());
  expect(clock.monotonic()).toBeLessThan(1_100);
  expect(queue.messages().map(({ body, state }) => `${body} ${state}`)).toEqual(['1 visible', '2 visible']);
});

test('a message that was fetched early and lost its lease since is passed over', async () => {
  const scene = createScene();
  const { clock, queue, send, faults } = scene;
  await send(2);
  const seen: string[] = [];
  const loop = async (): Promise<void> => {
    for await (const message of stream<number>(queue, options(scene, { visibilityTimeoutMs: 4_000 }))) {
      seen.push(`${message.body}/${message.receiveCount}`);
      if (seen.length === 1) {
        message.ack();
        faults.failNext('changeVisibilityBatch', {
          kind: 'entry-rejection',
          awsCode: 'ReceiptHandleIsInvalid',
        });
        await scene.sleep(3_000);
      } else {
        message.ack();
        break;
      }
    }
  };
  await clock.settle(loop());
  expect(seen).toEqual(['0/1', '1/2']);
});

test('a throw in the body ends the loop, and the message is retried', async () => {
  const scene = createScene();
  const { clock, queue, send } = scene;
  await send(1);
  const loop = async (): Promise<void> => {
    for await (const _message of stream<number>(queue, options(scene))) {
      throw new Error('in the body');
    }
  };
  await expect(clock.settle(loop())).rejects.toThrow('in the body');
  expect(queue.messages()).toMatchObject([{ state: 'in-flight', receiveCount: 1 }]);
  await clock.advance(1_100);
  expect(queue.messages()).toMatchObject([{ state: 'visible' }]);
});

test('retry, release and deadLetter are said by the message; the first word counts', async () => {
  const scene = createScene();
  const { clock, queue, send } = scene;
  await send(3);
  const loop = async (): Promise<void> => {
    let count = 0;
    for await (const message of stream<number>(queue, options(scene))) {
      if (message.body === 0) {
        message.retry({ delayMs: 60_000 });
        message.ack();
      } else if (message.body === 1) {
        message.deadLetter('hopeless');
      } else {
        message.release();
      }
      if (++count === 3) {
        break;
      }
    }
  };
  await clock.settle(loop());
  expect(queue.deleted).toEqual([]);
  const changes = scene.calls('changeVisibilityBatch').flatMap(({ given }) => given);
  expect(changes.map(({ visibilityTimeoutMs }) => visibilityTimeoutMs)).toEqual([60_000, 900_000, 0]);
});

test('nothing is received while the body of the loop runs', async () => {
  const scene = createScene();
  const { clock, queue, send } = scene;
  await send(1);
  const loop = async (): Promise<void> => {
    for await (const message of stream<number>(queue, options(scene))) {
      await scene.sleep(100_000);
      message.ack();
      await scene.sleep(100_000);
      break;
    }
  };
  await clock.settle(loop());
  expect(scene.calls('receive')).toHaveLength(1);
});

test('the lease is renewed while the body runs, and the message tells when it is lost', async () => {
  const scene = createScene();
  const { clock, queue, send, faults } = scene;
  await send(2);
  const seen: string[] = [];
  const told: unknown[] = [];
  const loop = async (): Promise<void> => {
    for await (const message of stream<number>(queue, options(scene, { visibilityTimeoutMs: 3_000 }))) {
      seen.push(`${message.body}/${message.receiveCount}`);
      if (seen.length === 1) {
        await scene.sleep(20_000);
        told.push(message.signal.reason);
        faults.failNext(
          'changeVisibilityBatch',
          { kind: 'unavailable' },
          { times: Number.POSITIVE_INFINITY },
        );
        await scene.sleep(5_000);
        told.push(message.signal.reason);
        faults.clear();
      }
      if (seen.length === 3) {
        break;
      }
    }
  };
  await clock.settle(loop());
  expect(told[0]).toBeUndefined();
  expect(isQueueError(told[1], 'lease-lost')).toBe(true);
  expect(seen[0]).toBe('0/1');
  expect(new Set(seen.slice(1))).toEqual(new Set(['0/2', '1/2']));
});

test('a signal ends the loop once the message in hand is finished', async () => {
  const scene = createScene();
  const { clock, queue, send } = scene;
  await send(5);
  const ending = new AbortController();
  const seen: number[] = [];
  const loop = async (): Promise<void> => {
    for await (const message of stream<number>(queue, options(scene, { signal: ending.signal }))) {
      seen.push(message.body);
      if (message.body === 1) {
        ending.abort();
      }
    }
  };
  await clock.settle(loop());
  expect(getEventListeners(ending.signal, 'abort')).toEqual([]);
  expect(seen).toEqual([0, 1]);
  expect(queue.messages().map(({ body, state }) => `${body} ${state}`)).toEqual([
    '2 visible',
    '3 visible',
    '4 visible',
  ]);
  expect(clock.pendingTimers).toBe(0);
});

test('a signal ends a loop that waits, within the time it may take', async () => {
  const scene = createScene();
  const { clock, queue } = scene;
  const ending = new AbortController();
  const loop = async (): Promise<void> => {
    const messages = stream<number>(queue, options(scene, { signal: ending.signal, stopTimeoutMs: 2_000 }));
    for await (const _message of messages) {
      expect.unreachable();
    }
  };
  const looping = loop();
  await clock.advance(5_000);
  ending.abort();
  await clock.settle(looping);
  expect(clock.monotonic()).toBeLessThanOrEqual(7_000);
  expect(clock.pendingTimers).toBe(0);
});

test('a signal that has aborted already ends the loop before the first call', async () => {
  const scene = createScene();
  const loop = async (): Promise<void> => {
    for await (const _message of stream<number>(
      scene.queue,
      options(scene, { signal: AbortSignal.abort() }),
    )) {
      expect.unreachable();
    }
  };
  await scene.clock.settle(loop());
  expect(scene.queue.calls).toEqual([]);
});

test('a body that cannot be read is passed over, reported and retried', async () => {
  const scene = createScene();
  const { clock, queue, send, sendRaw } = scene;
  await sendRaw({ body: '{' });
  await send(1);
  const seen: unknown[] = [];
  const loop = async (): Promise<void> => {
    for await (const message of stream<number>(queue, options(scene))) {
      seen.push(message.body);
      message.ack();
      break;
    }
  };
  await clock.settle(loop());
  expect(seen).toEqual([0]);
  expect(scene.errors).toMatchObject([{ context: { during: 'decode' } }]);
  expect(queue.messages()).toMatchObject([{ body: '{' }]);
});

test('wrong arguments are refused when the stream is made', () => {
  const { queue } = createScene();
  const wrong: unknown = 5;
  expect(() => stream(queue, { maxConcurrency: 5 } as object)).toThrow(/maxConcurrency/);
  expect(() => stream(wrong as Queue)).toThrow(/stream: expected `queue`/);
  expect(() => stream(queue, { signal: wrong as AbortSignal })).toThrow(/an AbortSignal/);
});
