import { noopRecorder } from '@sqskit/core';
import { describe, expect, test } from 'vitest';
import { createWorld, denied, queueUrlOf, refused } from './world.ts';

const settledOr = <R>(promise: Promise<R>) =>
  promise.then(
    (value) => ({ value }),
    (error: unknown) => ({ error }),
  );

describe('back-pressure', () => {
  test('is that of the nearest region: trySend gives undefined while its buffer is full', async () => {
    const { clock, sender, regions } = createWorld({ 'eu-west-1': { capacity: 1 }, 'eu-central-1': {} });
    const first = sender.trySend({ body: { from: 'eu-west-1' } });
    expect(first).toBeInstanceOf(Promise);
    expect(sender.trySend({ body: { from: 'eu-west-1' } })).toBeUndefined();
    expect(sender.trySend({ body: { from: 'eu-central-1' } })).toBeInstanceOf(Promise);
    await clock.settle(sender.flush());
    expect(sender.trySend({ body: { from: 'eu-west-1' } })).toBeInstanceOf(Promise);
    await clock.settle(sender.flush());
    expect(regions['eu-west-1'].accepted).toHaveLength(2);
    expect(sender.stats().regions['eu-west-1']?.sent).toBe(2);
  });

  test('makes send wait', async () => {
    const { clock, sender, accepted } = createWorld({ 'eu-west-1': { capacity: 1 } });
    const receipts = ['a', 'b', 'c'].map((id) => sender.send({ id, body: { from: 'eu-west-1' } }));
    await clock.settle(Promise.all(receipts));
    expect(clock.monotonic()).toBe(30);
    expect(accepted()).toEqual({ 'eu-west-1': ['a', 'b', 'c'] });
  });

  test('does not use up a probe', async () => {
    let isDown = true;
    const nearest = { capacity: 1, answer: () => (isDown ? denied : 'accept') };
    const { clock, sender } = createWorld(
      { 'eu-west-1': nearest, 'eu-central-1': {} },
      { failureThreshold: 1, pinGroups: true, locateGroup: () => 'eu-west-1' },
    );
    await clock.settle(sender.send({ body: { from: 'eu-west-1' } }));
    isDown = false;
    await clock.advance(5_000);
    const pinned = sender.send({ groupId: 'g', body: {} }); // fills the buffer, and is the probe
    const full = sender.trySend({ body: { from: 'eu-west-1' } });
    expect((await clock.settle(full ?? pinned)).queueUrl).toBe(queueUrlOf('eu-central-1'));
    await clock.settle(pinned);
    const back = await clock.settle(sender.send({ body: { from: 'eu-west-1' } }));
    expect(back.queueUrl).toBe(queueUrlOf('eu-west-1'));
  });
});

describe('flush', () => {
  test('resolves when everything taken so far is settled, wherever it went', async () => {
    const { clock, sender } = createWorld({
      'eu-west-1': { answer: () => denied },
      'eu-central-1': { latencyMs: 70 },
    });
    const receipt = sender.send({ body: { from: 'eu-west-1' } });
    let isFlushed = false;
    const flushed = sender.flush().then(() => {
      isFlushed = true;
    });
    await clock.advance(79);
    expect(isFlushed).toBe(false);
    await clock.advance(1);
    expect(isFlushed).toBe(true);
    await Promise.all([receipt, flushed]);
  });

  test('does not wait for what comes after it', async () => {
    const { clock, sender } = createWorld({
      'eu-west-1': { latencyMs: 20 },
      'eu-central-1': { latencyMs: 10 },
      'us-east-1': { latencyMs: 30 },
    });
    const before = sender.send({ body: { from: 'eu-west-1' } });
    const flushed = sender.flush();
    const after = ['eu-central-1', 'us-east-1'].map((from) => sender.send({ body: { from } }));
    await clock.settle(flushed);
    expect(clock.monotonic()).toBe(20);
    await clock.settle(Promise.all([before, ...after]));
  });

  test('is passed on to the region that a flushed message goes to next, so that it does not linger there', async () => {
    const { clock, sender, regions } = createWorld({
      'eu-west-1': { answer: () => denied },
      'eu-central-1': {},
    });
    const receipt = sender.send({ body: { from: 'eu-west-1' } });
    const flushed = sender.flush();
    expect(regions['eu-central-1'].flushes).toBe(1);
    await clock.settle(Promise.all([receipt, flushed]));
    expect(regions['eu-central-1'].flushes).toBe(2);
    await clock.settle(sender.send({ body: { from: 'eu-west-1' } }));
    expect(regions['eu-central-1'].flushes).toBe(2);
  });

  test('resolves at once where there is nothing, and never rejects', async () => {
    const { clock, sender } = createWorld({ 'eu-west-1': { answer: () => denied } });
    await sender.flush();
    const failed = settledOr(sender.send({ body: { from: 'eu-west-1' } }));
    await clock.settle(sender.flush());
    expect(await failed).toMatchObject({ error: { code: 'access-denied' } });
  });
});

describe('close', () => {
  test('delivers what is under way, with failover, closes every region and reports', async () => {
    const { clock, sender, regions } = createWorld({
      'eu-west-1': { answer: () => denied },
      'eu-central-1': {},
      'us-east-1': {},
    });
    const receipts = ['eu-west-1', 'us-east-1'].map((from) => sender.send({ body: { from } }));
    const report = await clock.settle(sender.close());
    expect(report).toEqual({ sent: 2, undelivered: [] });
    expect(Object.values(regions).map(({ isClosed }) => isClosed)).toEqual([true, true, true]);
    await Promise.all(receipts);
  });

  test('lists what was not delivered in its time, each message once', async () => {
    const down = { answer: () => refused };
    const { clock, sender } = createWorld({ 'eu-west-1': down, 'eu-central-1': down, 'us-east-1': {} });
    const delivered = sender.send({ id: 'good', body: { from: 'us-east-1' } });
    const message = { id: 'bad', body: { from: 'eu-west-1' } };
    const failed = settledOr(sender.send(message));
    const report = await clock.settle(sender.close({ timeoutMs: 100 }));
    expect(clock.monotonic()).toBe(100);
    const { error } = report.undelivered[0] ?? {};
    expect(report).toEqual({ sent: 1, undelivered: [{ id: 'bad', message, error }] });
    expect(await failed).toEqual({ error });
    expect(error).toMatchObject({ code: 'closed', outcome: 'rejected' });
    await delivered;
  });

  test('says of what may have been accepted that it may', async () => {
    const { clock, sender } = createWorld({ 'eu-west-1': { answer: () => 'hang' } });
    const failed = settledOr(sender.send({ body: { from: 'eu-west-1' } }));
    const { undelivered } = await clock.settle(sender.close({ timeoutMs: 100 }));
    expect(undelivered).toMatchObject([{ error: { outcome: 'unknown' } }]);
    expect(await failed).toMatchObject({ error: { outcome: 'unknown' } });
  });

  test('lists what failed while it waited', async () => {
    const { clock, sender } = createWorld({ 'eu-west-1': { answer: () => denied } });
    const failed = settledOr(sender.send({ body: { from: 'eu-west-1' } }));
    const { undelivered } = await clock.settle(sender.close());
    expect(undelivered).toMatchObject([{ error: { code: 'access-denied' } }]);
    await failed;
  });

  test('does not list what had failed before', async () => {
    const { clock, sender } = createWorld({ 'eu-west-1': { answer: () => denied } });
    await clock.settle(settledOr(sender.send({ body: { from: 'eu-west-1' } })));
    expect(await clock.settle(sender.close())).toEqual({ sent: 0, undelivered: [] });
  });

  test('takes the deadline of messages unless it is given a time', async () => {
    const { clock, sender } = createWorld({ 'eu-west-1': { answer: () => 'hang' } }, { deadlineMs: 2_000 });
    const failed = settledOr(sender.send({ body: { from: 'eu-west-1' } }, { deadlineMs: 10_000 }));
    await clock.settle(sender.close());
    expect(clock.monotonic()).toBe(2_000);
    await failed;
  });

  test('is done once, however often it is called, and leaves no timer behind', async () => {
    const { clock, sender } = createWorld({ 'eu-west-1': {} });
    const receipt = sender.send({ body: { from: 'eu-west-1' } });
    expect(sender.close()).toBe(sender.close());
    await clock.settle(sender[Symbol.asyncDispose]());
    await receipt;
    expect(clock.pendingTimers).toBe(0);
  });

  test('refuses new messages, and takes none anywhere', async () => {
    const { clock, sender, regions } = createWorld({ 'eu-west-1': {} });
    await clock.settle(sender.close());
    for (const refusedOne of [sender.send({ body: {} }), sender.trySend({ body: {} })]) {
      expect(await settledOr<unknown>(refusedOne ?? Promise.resolve())).toMatchObject({
        error: { code: 'closed', outcome: 'rejected', details: { what: 'regional sender' } },
      });
    }
    expect(regions['eu-west-1'].given).toEqual([]);
  });

  test('begins nowhere else what a region rejects because it is closing', async () => {
    const { clock, sender, regions } = createWorld({
      'eu-west-1': { answer: () => refused },
      'eu-central-1': {},
    });
    const failed = settledOr(sender.send({ body: { from: 'eu-west-1' } }));
    await clock.advance(30); // it waits for its second call
    const report = await clock.settle(sender.close({ timeoutMs: 0 }));
    expect(report).toMatchObject({ sent: 0, undelivered: [{ error: { code: 'closed' } }] });
    expect(regions['eu-central-1'].given).toEqual([]);
    await failed;
  });

  test.each([[Number.NaN], [-1], ['5 s']])('takes no time of %s, and stays open', async (timeoutMs) => {
    const { clock, sender } = createWorld({ 'eu-west-1': {} });
    // Text is what callers without types pass.
    expect(await settledOr<unknown>(sender.close({ timeoutMs: timeoutMs as number }))).toMatchObject({
      error: { code: 'option-invalid', details: { option: 'timeoutMs', received: timeoutMs } },
    });
    await clock.settle(sender.send({ body: { from: 'eu-west-1' } }));
    expect(await clock.settle(sender.close({ timeoutMs: 0 }))).toEqual({ sent: 1, undelivered: [] });
  });

  test('never resolved, and sends were rejected though accepted, where the logger and the recorder threw', async () => {
    const fail = (): never => {
      throw new Error('no log');
    };
    const counter = () => ({ add: fail });
    let isDown = true;
    const { clock, sender, accepted } = createWorld(
      { 'eu-west-1': { answer: () => (isDown ? denied : 'accept') }, 'eu-central-1': {} },
      {
        failureThreshold: 1,
        logger: { debug: fail, warn: fail, error: fail },
        recorder: { ...noopRecorder, counter },
      },
    );
    const failedOver = await clock.settle(sender.send({ body: { from: 'eu-west-1' } }));
    expect(failedOver.queueUrl).toBe(queueUrlOf('eu-central-1'));
    isDown = false;
    await clock.advance(5_000);
    const probe = sender.send({ body: { from: 'eu-west-1' } });
    expect(await clock.settle(sender.close())).toEqual({ sent: 2, undelivered: [] });
    expect((await probe).queueUrl).toBe(queueUrlOf('eu-west-1'));
    expect(Object.values(accepted()).map((ids) => ids.length)).toEqual([1, 1]);
  });

  test('never resolved where the bookkeeping of a failure threw', async () => {
    let isBroken = false;
    const random = (): number => {
      if (isBroken) {
        throw new Error('no entropy');
      }
      return 0.5;
    };
    const { clock, sender } = createWorld(
      { 'eu-west-1': { answer: () => denied } },
      { failureThreshold: 1, random },
    );
    isBroken = true;
    const failed = settledOr(sender.send({ body: { from: 'eu-west-1' } }));
    expect(await clock.settle(sender.close())).toMatchObject({
      sent: 0,
      undelivered: [{ error: { code: 'unexpected' } }],
    });
    expect(await failed).toMatchObject({ error: { code: 'unexpected' } });
  });

  test.each([
    [
      'threw',
      () => {
        throw new Error('stuck');
      },
    ],
    ['rejected', () => Promise.reject(new Error('stuck'))],
  ])('hung, and left regions open, where the flush and the close of one %s', async (_how, fail) => {
    const { clock, sender, regions } = createWorld({ 'eu-west-1': {}, 'eu-central-1': {} });
    regions['eu-west-1'].flush = fail;
    regions['eu-west-1'].close = fail;
    const sent = sender.send({ body: { from: 'eu-west-1' } });
    await clock.settle(sender.flush());
    await sent;
    expect(await clock.settle(sender.close())).toEqual({ sent: 1, undelivered: [] });
    expect(regions['eu-central-1'].isClosed).toBe(true);
    expect(clock.pendingTimers).toBe(0);
  });

  test('never resolved where a region that failed to close kept its messages', async () => {
    const { clock, sender, regions } = createWorld({ 'eu-west-1': {}, 'eu-central-1': {} });
    regions['eu-west-1'].send = () => new Promise(() => undefined);
    regions['eu-west-1'].close = () => Promise.reject(new Error('stuck'));
    const kept = settledOr(sender.send({ id: 'kept', body: { from: 'eu-west-1' } }));
    const report = await clock.settle(sender.close({ timeoutMs: 100 }));
    expect(clock.monotonic()).toBe(100);
    expect(report).toMatchObject({
      undelivered: [{ id: 'kept', error: { code: 'closed', outcome: 'unknown' } }],
    });
    expect(await kept).toEqual({ error: report.undelivered[0]?.error });
    expect(regions['eu-central-1'].isClosed).toBe(true);
    expect(clock.pendingTimers).toBe(0);
  });

  test('reports all the same where a region fails to close', async () => {
    const { clock, sender, regions } = createWorld({ 'eu-west-1': {}, 'eu-central-1': {} });
    regions['eu-west-1'].close = () => Promise.reject(new Error('stuck'));
    expect(await clock.settle(sender.close())).toEqual({ sent: 0, undelivered: [] });
    expect(regions['eu-central-1'].isClosed).toBe(true);
  });
});
