import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  ack,
  deadLetter,
  type IncomingMessage,
  isQueueError,
  QueueError,
  release,
  retry,
} from '@sqskit/core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type WorkersHandler, type WorkersOptions, workers } from '../../src/workers/index.ts';
import { createScene } from '../scene.ts';
import { type Ask, mayEnd, started } from './handlers.ts';

const fileOf = (name: string): URL => new URL(`./${name}.ts`, import.meta.url);

function messageOf<T>(body: T, more: Partial<IncomingMessage<T>> = {}): IncomingMessage<T> {
  return {
    id: 'm',
    body,
    attributes: {},
    receiveCount: 1,
    sentAtMs: undefined,
    messageId: 'm',
    queueUrl: 'https://sqs.us-east-1.amazonaws.com/123456789012/q',
    groupId: undefined,
    deduplicationId: undefined,
    sequenceNumber: undefined,
    traceHeader: undefined,
    ...more,
  };
}

const never = new AbortController().signal;

let pool: WorkersHandler<Ask>;
beforeAll(() => {
  pool = workers<Ask>({ file: fileOf('handlers'), max: 2 });
});
afterAll(() => pool.close());

const run = (ask: Ask, signal: AbortSignal = never): Promise<unknown> => pool(messageOf(ask), { signal });

const thrownBy = (ask: Ask, signal?: AbortSignal): Promise<unknown> =>
  run(ask, signal).then(
    () => expect.unreachable(),
    (error: unknown) => error,
  );

const createFlags = (): Int32Array => new Int32Array(new SharedArrayBuffer(8));

async function hasStarted(flags: Int32Array): Promise<void> {
  while (Atomics.load(flags, started) === 0) {
    await new Promise((resolve) => setImmediate(resolve));
  }
}

function letEnd(flags: Int32Array): void {
  Atomics.store(flags, mayEnd, 1);
  Atomics.notify(flags, mayEnd);
}

test('verdicts are the same as without threads, and what is none acknowledges', async () => {
  expect(await run({ ask: 'nothing' })).toBeUndefined();
  expect(await run({ ask: 'ack' })).toBeUndefined();
  expect(await run({ ask: 'release' })).toEqual(release());
  expect(await run({ ask: 'retry' })).toEqual(retry());
  expect(await run({ ask: 'retry', delayMs: 5_000 })).toEqual(retry({ delayMs: 5_000 }));
  expect(await run({ ask: 'dead-letter', reason: 'no' })).toEqual(deadLetter('no'));
  expect(ack()).not.toEqual(release());
});

test('an error keeps its name, message, code, stack, properties and cause', async () => {
  const error = await thrownBy({ ask: 'throw', what: 'stock' });
  expect(error).toBeInstanceOf(Error);
  expect(error).toMatchObject({ name: 'OutOfStock', message: 'none left', code: 'E_STOCK', left: 0 });
  expect(error).toHaveProperty('stack', expect.stringContaining('handlers.ts'));
  expect(error).toHaveProperty('cause', new TypeError('the cause'));
});

test('a `QueueError` is one again, with its details', async () => {
  const error = await thrownBy({ ask: 'throw', what: 'queue' });
  expect(isQueueError(error, 'throttled')).toBe(true);
  const { message } = new QueueError('throttled', 'slow down', {
    operation: '',
    awsCode: '',
    httpStatus: 0,
    requestId: '',
  });
  expect(error).toMatchObject({
    name: 'QueueError',
    message,
    details: { operation: 'send', awsCode: 'X', httpStatus: 400, requestId: 'r' },
    retryable: true,
    throttled: true,
    outcome: 'unknown',
  });
});

test('whatever else is thrown arrives too', async () => {
  expect(await thrownBy({ ask: 'throw', what: 'text' })).toBe('just text');
  expect(await thrownBy({ ask: 'throw', what: 'circle' })).toMatchObject({ message: 'round' });
  expect(await thrownBy({ ask: 'uncloneable' })).toMatchObject({ message: 'with a function' });
});

test('an abort reaches the handler with its reason, while it waits and while it burns CPU', async () => {
  for (const ask of ['wait', 'burn'] as const) {
    const controller = new AbortController();
    const flags = createFlags();
    const thrown = thrownBy({ ask, flags }, controller.signal);
    await hasStarted(flags);
    const reason = new QueueError('lease-lost', 'gone', { messageId: 'm' });
    controller.abort(reason);
    expect(await thrown).toBe(reason);
  }
  const before = AbortSignal.abort(new QueueError('stopped', 'no time left', { what: 'consumer' }));
  expect(await thrownBy({ ask: 'burn', flags: createFlags() }, before)).toBe(before.reason);
});

test.each([['exit'], ['throw-late']] as const)(
  'a thread that ends (%s) fails its message alone',
  async (ask) => {
    const flags = createFlags();
    const others = [run({ ask: 'hold', flags })];
    const ending = thrownBy({ ask });
    others.push(run({ ask: 'retry' }), run({ ask: 'release' })); // behind it
    const error = await ending;
    letEnd(flags);
    expect(isQueueError(error, 'thread-ended')).toBe(true);
    expect(error).toHaveProperty('cause', expect.any(Error));
    expect(await Promise.all(others)).toEqual([undefined, retry(), release()]);
    expect(await run({ ask: 'release' })).toEqual(release());
  },
);

test('a thread that wants more memory than it may have ends, and its message fails alone', async () => {
  await using small = workers<Ask>({ file: fileOf('handlers'), max: 1, maxHeapBytes: 16 * 1_048_576 });
  const both = await Promise.allSettled([
    small(messageOf({ ask: 'hoard' }), { signal: never }),
    small(messageOf({ ask: 'release' }), { signal: never }),
  ]);
  expect(both).toMatchObject([{ reason: { code: 'thread-ended' } }, { value: release() }]);
});

test('a body that cannot be cloned fails its message alone', async () => {
  const odd: unknown = { ask: 'release', call: () => undefined };
  const error = await thrownBy(odd as Ask);
  expect(error).toHaveProperty('name', 'DataCloneError');
  expect(await run({ ask: 'release' })).toEqual(release());
});

test('bytes arrive without the buffer that they are a part of, and stay here too', async () => {
  await using echo = workers<Uint8Array>({ file: fileOf('echo-handler'), max: 1 });
  const body = Buffer.alloc(1_048_576, 7).subarray(10, 13);
  const attributes = { bytes: { type: 'Binary', value: body.subarray(1) } } as const;
  await expect(echo(messageOf<Uint8Array>(body, { attributes }), { signal: never })).rejects.toMatchObject({
    details: { operation: 'body 3/3 7,7,7, attribute 2/2' },
  });
  expect([...body]).toEqual([7, 7, 7]);
});

test('a default export will do; a module without either fails each message with `option-invalid`', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'sqskit-workers-'));
  const file = join(folder, 'handler.mjs');
  writeFileSync(file, 'export default () => { throw new TypeError("by default"); }');
  await using byDefault = workers<number>({ file, max: 1 });
  await expect(byDefault(messageOf(1), { signal: never })).rejects.toThrow(new TypeError('by default'));
  rmSync(folder, { recursive: true });
  await using none = workers<number>({ file: fileOf('no-handler').href, max: 1 });
  await expect(none(messageOf(1), { signal: never })).rejects.toMatchObject({ code: 'option-invalid' });
});

test('close waits for what runs, and nothing runs any more after it', async () => {
  const closing = workers<Ask>({ file: fileOf('handlers'), max: 1 });
  const flags = createFlags();
  const running = closing(messageOf({ ask: 'hold', flags }), { signal: never });
  await hasStarted(flags);
  const closed = closing.close();
  letEnd(flags);
  await closed;
  expect(await running).toBeUndefined();
  await closing.close();
  await expect(closing(messageOf({ ask: 'release' }), { signal: never })).rejects.toMatchObject({
    code: 'closed',
  });
});

test('close ends threads whose handlers take longer than they may', async () => {
  const told: unknown[] = [];
  const closing = workers<Ask>({
    file: fileOf('handlers'),
    max: 1,
    closeTimeoutMs: 50,
    onError: (error) => told.push(error),
  });
  const running = closing(messageOf({ ask: 'wait', flags: createFlags() }), { signal: never });
  const [ended] = await Promise.allSettled([running, closing.close()]);
  expect(ended).toMatchObject({ reason: { code: 'thread-ended' } });
});

test('under a consumer a handler on threads acknowledges, retries and dead-letters as any other', async () => {
  const scene = createScene();
  const { clock, queue, sendRaw } = scene;
  const asks: readonly Ask[] = [
    { ask: 'ack' },
    { ask: 'retry', delayMs: 60_000 },
    { ask: 'dead-letter', reason: 'no' },
    { ask: 'exit' },
  ];
  for (const ask of asks) {
    await sendRaw({ body: JSON.stringify(ask) });
  }
  const dead = scene.createDead();
  const consumer = scene.consume<Ask>(pool, { maxConcurrency: pool.maxConcurrency, deadLetterQueue: dead });
  consumer.start();
  // The threads run in real time, and the queue in virtual: a turn of each in turn.
  while (consumer.stats().acked + consumer.stats().retried + consumer.stats().deadLettered < asks.length) {
    await clock.advance(20);
    await new Promise((resolve) => setImmediate(resolve));
  }
  await clock.settle(consumer.stop());
  expect(consumer.stats()).toMatchObject({ acked: 1, retried: 2, deadLettered: 1, leasesLost: 0 });
  expect(scene.errors).toMatchObject([{ error: { code: 'thread-ended' }, context: { during: 'handle' } }]);
  expect(queue.messages()).toHaveLength(2);
});

test('wrong options are refused', () => {
  const wrong = (options: object | undefined): (() => unknown) => {
    return () => workers(options as WorkersOptions);
  };
  expect(wrong({})).toThrow(/workers: expected `file` to be an existing file/);
  expect(wrong(undefined)).toThrow(/workers: expected `file` to be an existing file/);
  expect(wrong({ file: './handlers.ts' })).toThrow(/`file`/);
  expect(wrong({ file: fileOf('missing') })).toThrow(/`file`/);
  expect(wrong({ file: 'https://example.com/handler.js' })).toThrow(/`file`/);
  expect(wrong({ file: fileOf('handlers'), max: 0 })).toThrow(/workers: expected `max`/);
  expect(wrong({ file: fileOf('handlers'), size: 5 })).toThrow(/workers: expected `size`/);
});
