import type { MetricUnit, Recorder } from '@sqskit/core';
import { describe, expect, test } from 'vitest';
import { memoryOf } from '../src/admission.ts';
import { bodies, settled, setUp } from './set-up.ts';

interface Listening {
  readonly recorder: Recorder;
  /** What was recorded, by metric. */
  readonly values: Map<string, number[]>;
  readonly units: Map<string, MetricUnit>;
  readonly dimensions: Set<string>;
}

function listening(enabled = true): Listening {
  const values = new Map<string, number[]>();
  const units = new Map<string, MetricUnit>();
  const dimensions = new Set<string>();
  const instrument = (name: string, unit: MetricUnit, given: object | undefined) => {
    const own: number[] = [];
    values.set(name, own);
    units.set(name, unit);
    dimensions.add(JSON.stringify(given));
    return (value: number): void => {
      own.push(value);
    };
  };
  return {
    values,
    units,
    dimensions,
    recorder: {
      enabled,
      counter: (name, given) => ({ add: instrument(name, 'Count', given) }),
      gauge: (name, unit, given) => ({ set: instrument(name, unit, given) }),
      histogram: (name, unit, given) => ({ record: instrument(name, unit, given) }),
    },
  };
}

const sum = (values: readonly number[] = []): number => values.reduce((total, value) => total + value, 0);

describe('stats', () => {
  test('count what was sent, what failed, batches, their fill, retries and billed requests', async () => {
    const { clock, faults, producer } = setUp();
    expect(producer.stats()).toEqual({
      bufferedMessages: 0,
      bufferedBytes: 0,
      waitingMessages: 0,
      waitingBytes: 0,
      batchesInFlight: 0,
      concurrencyLimit: 16,
      pausedGroups: 0,
      sent: 0,
      packs: 0,
      meanPack: 0,
      failed: 0,
      batches: 0,
      flushes: { full: 0, retried: 0, hurried: 0, idle: 0, lingered: 0 },
      attempts: 0,
      meanFill: 0,
      retriedEntries: 0,
      overtakenEntries: 0,
      billedRequests: 0,
      dollarsPerMillion: 0,
    });
    faults.failNext('sendBatch', { kind: 'entry-rejection', positions: [0] });
    faults.failNext('sendBatch', { kind: 'entry-failure', positions: [0, 1] });
    await clock.settle(settled(bodies('m', 14).map((body) => producer.send({ body }))));
    expect(producer.stats()).toMatchObject({
      sent: 13,
      packs: 13,
      meanPack: 1,
      failed: 1,
      batches: 3,
      flushes: { full: 1, retried: 1, hurried: 0, idle: 0, lingered: 1 },
      attempts: 16,
      meanFill: 16 / 3,
      retriedEntries: 2,
      billedRequests: 3,
      dollarsPerMillion: (3 / 13) * 0.4,
    });
  });

  test('bill one request for each 64 KiB begun of a batch, and batches are cut so that these are few', async () => {
    const { clock, producer } = setUp({ maxBatchEntries: 2 });
    const kibibytes = [32, 32, 64, 1, 1_000];
    await clock.settle(
      Promise.all(kibibytes.map((size) => producer.send({ body: 'x'.repeat(size * 1_024) }))),
    );
    expect(producer.stats()).toMatchObject({ batches: 3, billedRequests: 1 + 1 + 16 });
  });

  test('tell what a million messages cost on a FIFO queue', async () => {
    const { clock, producer } = setUp({}, { fifo: true });
    await clock.settle(Promise.all(bodies('m', 4).map((body) => producer.send({ body, groupId: body }))));
    expect(producer.stats().dollarsPerMillion).toBe(0.5 / 4);
  });

  test('tell what is in memory now', async () => {
    const { clock, producer } = setUp({ maxBufferedMessages: 15 }, { latencyMs: 1_000 });
    const sent = bodies('m', 20).map((body) => producer.send({ body }));
    await clock.advance(1);
    expect(producer.stats()).toMatchObject({
      bufferedMessages: 15,
      bufferedBytes: memoryOf(15, 10 * 2 + 5 * 3),
      waitingMessages: 5,
      waitingBytes: memoryOf(5, 15),
      batchesInFlight: 2,
    });
    await clock.settle(Promise.all(sent));
  });

  test('do not count messages that were refused at the door', async () => {
    const { clock, producer } = setUp();
    await clock.settle(settled([producer.send({ body: '' }), producer.send({ body: 'x', delayMs: -1 })]));
    expect(producer.stats()).toMatchObject({ sent: 0, failed: 0 });
  });
});

describe('metrics', () => {
  test('are recorded with their units and the queue’s name', async () => {
    const { recorder, values, units, dimensions } = listening();
    const { clock, faults, producer } = setUp(
      { recorder },
      { url: 'https://sqs.eu-west-1.amazonaws.com/123456789012/orders' },
    );
    faults.failNext('sendBatch', { kind: 'entry-rejection', positions: [0] });
    faults.failNext('sendBatch', { kind: 'entry-failure', positions: [0, 1] });
    await clock.settle(settled(bodies('m', 14).map((body) => producer.send({ body }))));
    expect(Object.fromEntries(units)).toEqual({
      MessagesSent: 'Count',
      MessagesFailed: 'Count',
      EntriesRetried: 'Count',
      EntriesOvertaken: 'Count',
      ConcurrencyLimit: 'Count',
      BilledRequests: 'Count',
      BatchFill: 'Count',
      PackFill: 'Count',
      SendDuration: 'Milliseconds',
      BufferedMessages: 'Count',
      BufferedBytes: 'Bytes',
      WaitingMessages: 'Count',
    });
    expect([...dimensions]).toEqual(['{"QueueName":"orders"}']);
    expect(sum(values.get('MessagesSent'))).toBe(13);
    expect(sum(values.get('MessagesFailed'))).toBe(1);
    expect(sum(values.get('EntriesRetried'))).toBe(2);
    expect(sum(values.get('BilledRequests'))).toBe(3);
    expect(values.get('ConcurrencyLimit')).toEqual([16, 16, 16]);
    expect(values.get('BatchFill')).toEqual([10, 4, 2]);
    expect(values.get('SendDuration')?.length).toBe(14);
    expect(Math.min(...(values.get('SendDuration') ?? []))).toBe(10);
    for (const gauge of ['BufferedMessages', 'BufferedBytes', 'WaitingMessages']) {
      expect(values.get(gauge)?.at(-1)).toBe(0);
    }
    expect(Math.max(...(values.get('BufferedMessages') ?? []))).toBe(14);
  });

  test('are not even asked for where nothing listens', async () => {
    const { recorder, units } = listening(false);
    const { clock, producer } = setUp({ recorder });
    await clock.settle(producer.send({ body: 'x' }));
    expect(units.size).toBe(0);
  });

  test('regression: a recorder that threw kept an accepted send from settling', async () => {
    const throwing = (): never => {
      throw new Error('disk full');
    };
    const recorder: Recorder = {
      enabled: true,
      counter: () => ({ add: throwing }),
      gauge: () => ({ set: throwing }),
      histogram: () => ({ record: throwing }),
    };
    const { clock, faults, producer, errorOf } = setUp({ recorder });
    const receipt = await clock.settle(producer.send({ body: 'a' }));
    expect(receipt.attempts).toBe(1);
    faults.failNext('sendBatch', { kind: 'entry-rejection', positions: [0] });
    expect(await errorOf(producer.send({ body: 'b' }))).toMatchObject({ code: 'service-error' });
    expect(await clock.settle(producer.close())).toMatchObject({ sent: 1 });
    expect(producer.stats()).toMatchObject({ sent: 1, failed: 1, batches: 2, bufferedMessages: 0 });
  });
});
