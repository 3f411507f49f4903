import { describe, expect, test } from 'vitest';
import { altered, createScene } from './scene.ts';

describe('healthy', () => {
  test('is a consumer on an idle queue, however long', async () => {
    const { clock, queue, consume } = createScene();
    const consumer = consume(() => undefined);
    consumer.start();
    await clock.advance(3_610_000);
    expect(consumer.health()).toEqual({
      isHealthy: true,
      reasons: [],
      state: 'running',
      queues: [
        {
          queueUrl: queue.url,
          msSinceAnswer: 10_000,
          unansweredMs: 10_000,
          consecutiveFailures: 0,
          lastErrorCode: undefined,
        },
      ],
      oldestRunningMs: undefined,
      zombies: 0,
    });
    await clock.settle(consumer.stop());
  });

  test('is one that is full and polls for nothing, however long', async () => {
    const { clock, send, consume, sleep } = createScene();
    await send(2);
    const consumer = consume(() => sleep(600_000), { maxConcurrency: 2, prefetch: 0, waitTimeMs: 1_000 });
    consumer.start();
    await clock.advance(500_000);
    expect(consumer.health()).toMatchObject({
      isHealthy: true,
      oldestRunningMs: 500_000,
      queues: [{ msSinceAnswer: 500_000, unansweredMs: 0 }],
    });
    await clock.settle(consumer.stop({ timeoutMs: 1_000 }));
  });

  test('is one that was never started, is paused, or is stopped', async () => {
    const { clock, faults, consume } = createScene();
    const consumer = consume(() => undefined);
    expect(consumer.health()).toMatchObject({ isHealthy: true, state: 'stopped', queues: [] });
    faults.failNext('receive', { kind: 'unavailable' }, { times: Number.POSITIVE_INFINITY });
    consumer.start();
    await clock.advance(300_000);
    consumer.pause();
    expect(consumer.health()).toMatchObject({ isHealthy: true, state: 'paused' });
    await clock.settle(consumer.stop());
    expect(consumer.health()).toMatchObject({ isHealthy: true, state: 'stopped' });
  });

  test('is one that was paused during an outage, when it has just been resumed', async () => {
    const { clock, faults, consume } = createScene();
    faults.failNext('receive', { kind: 'unavailable' }, { times: Number.POSITIVE_INFINITY });
    const consumer = consume(() => undefined);
    consumer.start();
    await clock.advance(30_000);
    consumer.pause();
    await clock.advance(3_600_000);
    consumer.resume();
    await clock.advance(1_000);
    expect(consumer.health()).toMatchObject({ isHealthy: true, state: 'running' });
    await clock.settle(consumer.stop());
  });

  test('regression: one that had polled in vain was taken for ill while it waited to be admitted', async () => {
    const { clock, faults, consume } = createScene();
    faults.failNext('receive', { kind: 'unavailable' }, { times: Number.POSITIVE_INFINITY });
    let admit: (wanted: number) => number | Promise<number> = (wanted) => wanted;
    let letThrough = (_count: number): void => undefined;
    const consumer = consume(() => undefined, { admit: (wanted) => admit(wanted) });
    consumer.start();
    await clock.advance(20_000);
    admit = () =>
      new Promise((resolve) => {
        letThrough = resolve;
      });
    await clock.advance(3_600_000);
    const { isHealthy, queues } = consumer.health();
    expect(isHealthy).toBe(true);
    expect(queues[0]?.unansweredMs).toBeLessThan(60_000);
    admit = async (wanted) => wanted;
    letThrough(10);
    await clock.advance(90_000);
    expect(consumer.health().isHealthy).toBe(false); // asking each time does not hide an outage
    await clock.settle(consumer.stop());
  });

  test('is one whose polls fail for less than a minute beyond their wait', async () => {
    const { clock, faults, consume } = createScene();
    faults.failNext('receive', { kind: 'unavailable' }, { times: Number.POSITIVE_INFINITY });
    const consumer = consume(() => undefined);
    consumer.start();
    await clock.advance(70_000);
    expect(consumer.health()).toMatchObject({
      isHealthy: true,
      queues: [{ msSinceAnswer: undefined, unansweredMs: 70_000, lastErrorCode: 'service-error' }],
    });
    expect(consumer.health().queues[0]?.consecutiveFailures).toBeGreaterThan(3);
    await clock.settle(consumer.stop());
  });
});

describe('not healthy', () => {
  test('is one whose polls fail for longer, until one is answered', async () => {
    const { clock, queue, faults, consume } = createScene();
    const consumer = consume(() => undefined, { waitTimeMs: 1_000 });
    consumer.start();
    await clock.advance(10_000);
    faults.failNext(
      'receive',
      { kind: 'service-error', awsCode: 'AccessDenied', httpStatus: 403 },
      { times: Number.POSITIVE_INFINITY },
    );
    await clock.advance(65_000);
    expect(consumer.health()).toMatchObject({
      isHealthy: false,
      reasons: [`no poll of ${queue.url} was answered for 64 s (access-denied)`],
    });
    faults.clear();
    await clock.advance(130_000);
    expect(consumer.health()).toMatchObject({ isHealthy: true, queues: [{ consecutiveFailures: 0 }] });
    await clock.settle(consumer.stop());
  });

  test('is one whose polls hang, though the watchdog begins them anew', async () => {
    const { clock, queue, consume } = createScene();
    const never = new Promise<never>(() => undefined);
    const consumer = consume(() => undefined, {}, altered(queue, { receive: () => never }));
    consumer.start();
    await clock.advance(81_000);
    const { isHealthy, reasons } = consumer.health();
    expect(isHealthy).toBe(false);
    expect(reasons).toEqual([expect.stringMatching(/was answered for 81 s \(timeout\)$/)]);
    await clock.settle(consumer.stop({ timeoutMs: 1_000 }));
  });

  test('is one whose slots are all held by handlers that do not end when they are told', async () => {
    const { clock, send, consume, sleep } = createScene();
    await send(3);
    const consumer = consume(({ body }) => sleep(body === 0 ? 40_000 : 100_000), {
      maxConcurrency: 3,
      handlerTimeoutMs: 30_000,
      waitTimeMs: 1_000,
    });
    consumer.start();
    await clock.advance(29_000);
    expect(consumer.health()).toMatchObject({ isHealthy: true, zombies: 0 });
    await clock.advance(2_000);
    expect(consumer.stats()).toMatchObject({ running: 3, zombies: 3 });
    expect(consumer.health()).toMatchObject({
      isHealthy: false,
      zombies: 3,
      oldestRunningMs: 31_000,
      reasons: [expect.stringMatching(/^all 3 slots are held by handlers/)],
    });
    await clock.advance(10_000);
    expect(consumer.health()).toMatchObject({ isHealthy: true, zombies: 2 });
    await clock.settle(consumer.stop({ timeoutMs: 1_000 }));
  });
});

test('a handler that goes on without its lease is a zombie, once, whatever else it was told', async () => {
  const { clock, faults, send, consume, sleep } = createScene();
  await send(1);
  faults.failNext('changeVisibilityBatch', { kind: 'entry-rejection', awsCode: 'ReceiptHandleIsInvalid' });
  const consumer = consume(({ receiveCount }) => (receiveCount > 1 ? undefined : sleep(60_000)), {
    handlerTimeoutMs: 5_000,
  });
  consumer.start();
  await clock.advance(10_000);
  expect(consumer.stats()).toMatchObject({ running: 1, zombies: 1, leasesLost: 0 });
  await clock.advance(10_000);
  expect(consumer.stats()).toMatchObject({ running: 1, zombies: 1, leasesLost: 1 });
  await clock.advance(60_000);
  expect(consumer.stats()).toMatchObject({ running: 0, zombies: 0 });
  await clock.settle(consumer.stop());
});
