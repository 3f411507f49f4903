import type { Recorder } from '@sqskit/core';
import { expect, test } from 'vitest';
import { createScene } from './scene.ts';

interface Recorded {
  readonly recorder: Recorder;
  /** Asked for, with unit and dimensions. */
  readonly instruments: string[];
  readonly values: Map<string, number[]>;
}

function record(enabled: boolean): Recorded {
  const instruments: string[] = [];
  const values = new Map<string, number[]>();
  const note = (name: string) => (value: number) => {
    values.set(name, [...(values.get(name) ?? []), value]);
  };
  const ask = (name: string, unit: string, dimensions: unknown): void => {
    instruments.push(`${name} ${unit} ${JSON.stringify(dimensions)}`);
  };
  const recorder: Recorder = {
    enabled,
    counter(name, dimensions) {
      ask(name, 'Count', dimensions);
      return { add: note(name) };
    },
    gauge(name, unit, dimensions) {
      ask(name, unit, dimensions);
      return { set: note(name) };
    },
    histogram(name, unit, dimensions) {
      ask(name, unit, dimensions);
      return { record: note(name) };
    },
  };
  return { recorder, instruments, values };
}

test('what happens to messages is recorded, with the queue name as dimension', async () => {
  const { clock, send, consume, sleep } = createScene();
  await send(4);
  const { recorder, instruments, values } = record(true);
  await clock.advance(3_000);
  const consumer = consume(
    async ({ body }) => {
      await sleep(250);
      if (body === 0) {
        throw new Error('one of them');
      }
    },
    { recorder, waitTimeMs: 2_000, retryBaseMs: 60_000, random: () => 0.9 },
  );
  consumer.start();
  await clock.advance(5_000);
  await clock.settle(consumer.stop());
  const dimension = JSON.stringify({ QueueName: 'fake' });
  expect([...instruments].sort()).toEqual(
    [
      'BreakerOpenings Count',
      'ChangeVisibilityCalls Count',
      'DeleteCalls Count',
      'DuplicateReceives Count',
      'EmptyReceives Count',
      'FailedReceives Count',
      'HandlerTimeouts Count',
      'LeaseRenewals Count',
      'LeasesLost Count',
      'LocalWaitTime Milliseconds',
      'MessagesAcked Count',
      'MessagesDeadLettered Count',
      'MessagesReceived Count',
      'MessagesReleased Count',
      'MessagesRetried Count',
      'MessagesUnpacked Count',
      'MessagesUnsettled Count',
      'PacksOpened Count',
      'ProcessingTime Milliseconds',
      'QueueTime Milliseconds',
      'ReceiveCalls Count',
      'RunningHandlers Count',
      'SendCalls Count',
      'SettleTime Milliseconds',
    ].map((name) => `${name} ${dimension}`),
  );
  const sum = (name: string): number => (values.get(name) ?? []).reduce((total, value) => total + value, 0);
  expect([sum('MessagesReceived'), sum('MessagesAcked'), sum('MessagesRetried')]).toEqual([4, 3, 1]);
  expect(values.get('ProcessingTime')).toEqual([250, 250, 250, 250]);
  expect(values.get('QueueTime')).toEqual([3_000, 3_000, 3_000, 3_000]);
  expect(values.get('RunningHandlers')).toEqual([1, 2, 3, 4, 3, 2, 1, 0]);
});

test('a recorder that is not enabled is not asked for anything', async () => {
  const { clock, send, consume } = createScene();
  await send(2);
  const { recorder, instruments } = record(false);
  const consumer = consume(() => undefined, { recorder, waitTimeMs: 1_000 });
  consumer.start();
  await clock.advance(100);
  await clock.settle(consumer.stop());
  expect(instruments).toEqual([]);
  expect(consumer.stats().acked).toBe(2);
});

test('a recorder that threw was an unhandled rejection, and the message stayed in hand', async () => {
  const { clock, queue, send, consume } = createScene();
  await send(3);
  const fail = (): never => {
    throw new Error('the recorder is broken');
  };
  const recorder: Recorder = {
    enabled: true,
    counter: () => ({ add: fail }),
    gauge: () => ({ set: fail }),
    histogram: () => ({ record: fail }),
  };
  const consumer = consume(() => undefined, { recorder });
  consumer.start();
  await clock.advance(1_000);
  expect(queue.messages()).toEqual([]);
  expect(consumer.stats()).toMatchObject({ acked: 3, running: 0, settling: 0 });
  await clock.settle(consumer.stop());
});

test('what a message waits for here and on its way out is recorded, and what it costs in calls', async () => {
  const { clock, send, consume, sleep } = createScene({ latencyMs: 50 });
  await send(4);
  const { recorder, values } = record(true);
  const consumer = consume(() => sleep(3_000), {
    recorder,
    maxConcurrency: 2,
    prefetch: 2,
    visibilityTimeoutMs: 4_000,
    waitTimeMs: 10_000,
  });
  consumer.start();
  await clock.advance(8_000);
  expect(values.get('LocalWaitTime')).toEqual([0, 0, 3_000, 3_000]);
  // The linger of 20 ms and the call.
  expect(values.get('SettleTime')).toEqual([70, 70, 70, 70]);
  const sum = (name: string): number => (values.get(name) ?? []).reduce((total, value) => total + value, 0);
  const stats = consumer.stats();
  expect(stats.renewals).toBe(sum('LeaseRenewals'));
  expect(stats.renewals).toBeGreaterThanOrEqual(6);
  expect(sum('ReceiveCalls')).toBe(stats.receiveCalls);
  expect(sum('DeleteCalls')).toBe(stats.deleteCalls);
  expect(sum('ChangeVisibilityCalls')).toBe(stats.changeVisibilityCalls);
  expect(stats.changeVisibilityCalls).toBeLessThan(stats.renewals);
  await clock.settle(consumer.stop());
});

test('an estimate of the drain time is recorded by queue', async () => {
  const { recorder, instruments, values } = record(true);
  const { clock, consume } = createScene();
  const consumer = consume(() => undefined, { recorder });
  await clock.settle(consumer.estimateDrain());
  expect(values.get('EstimatedDrainTime')).toEqual([0]);
  expect(instruments).toContainEqual(
    expect.stringMatching(/^EstimatedDrainTime Milliseconds \{"QueueName":/),
  );
});
