import { readFileSync } from 'node:fs';
import { type Logger, silentLogger } from '@sqskit/core';
import { describeOptions } from '@sqskit/core/options';
import { createFakeClock } from '@sqskit/testing';
import { expect, test } from 'vitest';
import { cloudWatchSinkRules } from '../src/cloudwatch.ts';
import { createMemorySink, createMetrics, type Sink } from '../src/index.ts';
import { metricsRules } from '../src/options.ts';

function setUp(options: Parameters<typeof createMetrics>[1] = {}) {
  const clock = createFakeClock();
  const sink = createMemorySink();
  return { clock, sink, metrics: createMetrics([sink], { clock, ...options }) };
}

function recordingLogger(): Logger & { readonly warnings: string[] } {
  const warnings: string[] = [];
  return { ...silentLogger, warnings, warn: (message) => warnings.push(message) };
}

test('times an operation as the guide names it, failed runs too', async () => {
  const { clock, sink, metrics } = setUp();
  const work = metrics.trackProcessingTime('send', async () => {
    await clock.advance(0);
    return 'done';
  });
  expect(await clock.settle(work)).toBe('done');
  await expect(metrics.trackProcessingTime('send', () => Promise.reject(new Error('no')))).rejects.toThrow(
    'no',
  );
  await metrics.flush();
  expect(sink.snapshots[0]?.namespace).toBe('Messaging/Performance');
  expect(sink.find('ProcessingLatency', { Operation: 'send' })).toEqual([
    expect.objectContaining({ unit: 'Milliseconds', distribution: expect.objectContaining({ count: 2 }) }),
  ]);
});

test('throughput is messages per second of the interval', async () => {
  const { clock, sink, metrics } = setUp({ flushIntervalMs: 10_000 });
  metrics.trackThroughput('receive', 30);
  metrics.trackThroughput('receive', 20);
  await clock.advance(10_000);
  expect(sink.find('MessageThroughput')).toEqual([
    expect.objectContaining({ unit: 'Count/Second', value: 5, dimensions: { Operation: 'receive' } }),
  ]);
  await metrics.close();
});

test('flushes once per interval, and only series in which something was recorded', async () => {
  const { clock, sink, metrics } = setUp();
  const sent = metrics.counter('MessagesSent', { QueueName: 'orders' });
  sent.add(2);
  sent.add(3);
  metrics.gauge('BufferedBytes', 'Bytes').set(10);
  await clock.advance(60_000);
  sent.add(1);
  await clock.advance(60_000);
  await clock.advance(60_000);
  expect(sink.find('MessagesSent').map((one) => 'value' in one && one.value)).toEqual([5, 1]);
  expect(sink.find('BufferedBytes')).toHaveLength(3);
  await metrics.close();
});

test('the same instrument asked for twice is one series, whatever the order of its dimensions', async () => {
  const { sink, metrics } = setUp({ dimensions: { Service: 'shop' } });
  metrics.counter('Sent', { A: '1', B: '2' }).add(1);
  metrics.counter('Sent', { B: '2', A: '1' }).add(1);
  await metrics.flush();
  expect(sink.find('Sent')).toEqual([
    {
      kind: 'counter',
      name: 'Sent',
      unit: 'Count',
      value: 2,
      dimensions: { A: '1', B: '2', Service: 'shop' },
    },
  ]);
});

test('a sink that throws or hangs harms neither recording nor the other sinks', async () => {
  const clock = createFakeClock();
  const logger = recordingLogger();
  const good = createMemorySink();
  const throwing: Sink = {
    write: () => {
      throw new Error('no disk');
    },
  };
  const hanging: Sink = { write: () => new Promise(() => undefined) };
  const metrics = createMetrics([throwing, hanging, good], { clock, logger, closeTimeoutMs: 5_000 });
  metrics.putMetric('Depth', 4, 'Count');
  await clock.advance(60_000);
  expect(good.find('Depth')).toHaveLength(1);
  metrics.putMetric('Depth', 5, 'Count');
  await clock.settle(metrics.close());
  expect(good.find('Depth')).toHaveLength(2);
  expect(logger.warnings).toEqual([
    'metrics: a sink failed',
    'metrics: a sink failed',
    'metrics: the sinks did not take the last flush in time',
  ]);
  expect(clock.pendingTimers).toBe(0);
});

test('one hung sink stopped all others, and kept every later snapshot in memory', async () => {
  const clock = createFakeClock();
  const logger = recordingLogger();
  const good = createMemorySink();
  const written: number[] = [];
  let release: () => void = () => undefined;
  const hanging: Sink = {
    write: ({ series: [first] }) => {
      written.push(first?.kind === 'counter' ? first.value : Number.NaN);
      return new Promise((resolve) => {
        release = resolve;
      });
    },
  };
  const metrics = createMetrics([hanging, good], { clock, logger });
  const sent = metrics.counter('Sent');
  for (const value of [1, 2, 3, 4, 5, 6]) {
    sent.add(value);
    await clock.advance(60_000);
  }
  expect(good.find('Sent')).toHaveLength(6);
  expect(logger.warnings).toEqual(['metrics: a sink does not keep up; its oldest snapshots are dropped']);
  for (let writes = 0; writes < 3; writes++) {
    release();
    await clock.flush();
  }
  expect(written).toEqual([1, 5, 6]);
  await clock.settle(metrics.close());
});

test('a logger that throws stopped every later flush', async () => {
  const clock = createFakeClock();
  const good = createMemorySink();
  const throwing: Sink = { write: () => Promise.reject(new Error('no disk')) };
  const warn = (): void => {
    throw new Error('no log');
  };
  const metrics = createMetrics([throwing, good], { clock, logger: { ...silentLogger, warn } });
  for (const depth of [1, 2]) {
    metrics.putMetric('Depth', depth, 'Count');
    await clock.advance(60_000);
  }
  expect(good.find('Depth')).toHaveLength(2);
  await metrics.close();
});

test('close flushes what is left, closes the sinks once and leaves no timer', async () => {
  const closed: string[] = [];
  const clock = createFakeClock();
  const sink: Sink = {
    write: ({ series }) => void closed.push(`wrote ${series.length}`),
    close: () => void closed.push('closed'),
  };
  const metrics = createMetrics([sink], { clock });
  const sent = metrics.counter('Sent');
  sent.add(1);
  await Promise.all([metrics.close(), metrics.close()]);
  sent.add(1);
  metrics.counter('Later').add(1);
  expect(closed).toEqual(['wrote 1', 'closed']);
  expect(clock.pendingTimers).toBe(0);
});

test('instruments beyond maxSeries record nothing and are warned of once', async () => {
  const logger = recordingLogger();
  const { sink, metrics } = setUp({ maxSeries: 1, logger });
  metrics.counter('First').add(1);
  metrics.counter('Second').add(1);
  metrics.histogram('Third', 'Milliseconds').record(1);
  metrics.gauge('Fourth', 'Bytes').set(1);
  await metrics.flush();
  expect(sink.snapshots[0]?.series.map(({ name }) => name)).toEqual(['First']);
  expect(logger.warnings).toHaveLength(1);
});

test('an unknown option is refused at construction', () => {
  expect(() => createMetrics([], { flushInterval: 5 } as never)).toThrow(/flushInterval/);
});

test('the README has the options tables of the rules', () => {
  const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');
  expect(readme).toContain(describeOptions(metricsRules));
  expect(readme).toContain(describeOptions(cloudWatchSinkRules));
});
