import { CloudWatchClient } from '@aws-sdk/client-cloudwatch';
import { type FakeCloudWatch, startFakeCloudWatch } from '@sqskit/testing';
import fc from 'fast-check';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { createCloudWatchSink } from '../src/cloudwatch.ts';
import { packRequests, toMetricData } from '../src/cloudwatch-data.ts';
import { createMetrics, type SeriesSnapshot, type Snapshot } from '../src/index.ts';

let cloudWatch: FakeCloudWatch;
let client: CloudWatchClient;

beforeEach(async () => {
  cloudWatch = await startFakeCloudWatch();
  client = new CloudWatchClient({
    endpoint: cloudWatch.endpoint,
    region: 'us-east-1',
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
    maxAttempts: 1,
  });
});

afterEach(async () => {
  client.destroy();
  await cloudWatch.close();
});

function snapshotOf(series: readonly SeriesSnapshot[]): Snapshot {
  const endMs = Date.now();
  return { startMs: endMs - 60_000, endMs, namespace: 'Messaging/Performance', series };
}

function counters(count: number): SeriesSnapshot[] {
  return Array.from({ length: count }, (_, index) => ({
    kind: 'counter',
    name: `Metric${index}`,
    unit: 'Count',
    dimensions: {},
    value: index,
  }));
}

test('what the endpoint holds is what was recorded', async () => {
  const metrics = createMetrics([createCloudWatchSink(client)]);
  const latency = metrics.histogram('ProcessingLatency', 'Milliseconds', { Operation: 'send' });
  for (let value = 1; value <= 1_000; value++) {
    latency.record(value);
  }
  metrics.trackThroughput('send', 1_000);
  await metrics.close();
  const statistics = cloudWatch.statistics('ProcessingLatency', { Operation: 'send' });
  expect(statistics).toMatchObject({ sampleCount: 1_000, min: 1, max: 1_000 });
  expect(Math.abs((statistics?.percentile(0.99) ?? 0) / 990 - 1)).toBeLessThan(0.026);
  expect(cloudWatch.data.map(({ name, unit, namespace }) => ({ name, unit, namespace }))).toEqual([
    { name: 'ProcessingLatency', unit: 'Milliseconds', namespace: 'Messaging/Performance' },
    { name: 'MessageThroughput', unit: 'Count/Second', namespace: 'Messaging/Performance' },
  ]);
  expect(cloudWatch.requests).toBe(1);
});

test('more than 1,000 metrics go in several requests, none lost', async () => {
  const sink = createCloudWatchSink(client);
  await sink.write(snapshotOf(counters(2_345)));
  expect(cloudWatch.requests).toBe(3);
  expect(cloudWatch.data.map(({ name }) => name)).toEqual(counters(2_345).map(({ name }) => name));
});

test('10,000 waiting data were serialised again for every request, in seconds of CPU time', async () => {
  const stringify = vi.spyOn(JSON, 'stringify');
  let sent = 0;
  const sink = createCloudWatchSink({ send: () => Promise.resolve(++sent) });
  await sink.write(snapshotOf(counters(10_000)));
  const serialised = stringify.mock.calls.length;
  stringify.mockRestore();
  expect(sent).toBe(10);
  expect(serialised).toBe(10_000);
});

test('snapshots of several namespaces go out under their own', async () => {
  const sink = createCloudWatchSink(client);
  cloudWatch.failNext(503, 'ServiceUnavailable');
  await expect(Promise.resolve(sink.write(snapshotOf(counters(1))))).rejects.toThrow('ServiceUnavailable');
  await sink.write({ ...snapshotOf(counters(2)), namespace: 'Other' });
  expect(cloudWatch.requests).toBe(3);
  expect(cloudWatch.data.map(({ namespace }) => namespace)).toEqual([
    'Messaging/Performance',
    'Other',
    'Other',
  ]);
});

test('what CloudWatch could not take goes out with the next snapshot', async () => {
  const sink = createCloudWatchSink(client);
  cloudWatch.failNext(500, 'InternalServiceFault');
  await expect(Promise.resolve(sink.write(snapshotOf(counters(2))))).rejects.toThrow('InternalServiceFault');
  expect(cloudWatch.data).toEqual([]);
  await sink.write(snapshotOf(counters(1)));
  expect(cloudWatch.data.map(({ values }) => values[0])).toEqual([0, 1, 0]);
  expect(sink.dropped).toBe(0);
});

test('data that CloudWatch refuses is dropped and counted, and does not block what follows', async () => {
  const warnings: string[] = [];
  const logger = {
    debug: () => undefined,
    warn: (text: string) => void warnings.push(text),
    error: () => undefined,
  };
  const sink = createCloudWatchSink(client, { logger });
  cloudWatch.failNext(400, 'InvalidParameterValue');
  await sink.write(snapshotOf(counters(2)));
  await sink.write(snapshotOf(counters(1)));
  expect(sink.dropped).toBe(2);
  expect(warnings).toEqual(['metrics: CloudWatch refused metric data']);
  expect(cloudWatch.data).toHaveLength(1);
});

test('while CloudWatch is away, the oldest data is dropped beyond the bound', async () => {
  const sink = createCloudWatchSink(client, { maxBufferedData: 3 });
  cloudWatch.failNext(503, 'ServiceUnavailable', 2);
  await expect(Promise.resolve(sink.write(snapshotOf(counters(2))))).rejects.toThrow('ServiceUnavailable');
  await expect(Promise.resolve(sink.write(snapshotOf(counters(3))))).rejects.toThrow('ServiceUnavailable');
  expect(sink.dropped).toBe(2);
  await sink.close?.();
  expect(cloudWatch.data.map(({ values }) => values[0])).toEqual([0, 1, 2]);
});

test('a high-resolution sink says so', async () => {
  await createCloudWatchSink(client, { highResolution: true }).write(snapshotOf(counters(1)));
  expect(cloudWatch.data[0]?.storageResolution).toBe(1);
});

const anySeries: fc.Arbitrary<SeriesSnapshot> = fc.record({
  kind: fc.constant('gauge' as const),
  name: fc.string({ minLength: 1, maxLength: 300 }),
  unit: fc.constant('None' as const),
  dimensions: fc.dictionary(fc.string({ maxLength: 300 }), fc.string({ maxLength: 1_200 }), { maxKeys: 40 }),
  value: fc.double({ noNaN: true, noDefaultInfinity: true }),
});

test('every datum keeps within the limits of names, dimensions and values', () => {
  fc.assert(
    fc.property(anySeries, (series) => {
      const [datum] = toMetricData(snapshotOf([series]), 60);
      expect(datum?.MetricName.length).toBeLessThanOrEqual(255);
      expect(datum?.Dimensions.length).toBeLessThanOrEqual(30);
      expect(datum?.Dimensions.every(({ Name, Value }) => Name.length <= 255 && Value.length <= 1_024)).toBe(
        true,
      );
      expect(Math.abs(datum?.Value ?? Number.NaN)).toBeLessThanOrEqual(2 ** 360);
    }),
  );
});

test('requests keep order, lose nothing and stay below 1,000 metrics and 1 MB', () => {
  fc.assert(
    fc.property(fc.array(anySeries, { maxLength: 60 }), fc.integer({ min: 1, max: 40 }), (series, copies) => {
      const data = toMetricData(snapshotOf(Array.from({ length: copies }, () => series).flat()), 60);
      const requests = [...packRequests(data)];
      expect(requests.flat()).toEqual(data);
      for (const request of requests) {
        expect(request.length).toBeLessThanOrEqual(1_000);
        expect(request.length === 1 || JSON.stringify(request).length <= 1_000_000).toBe(true);
      }
    }),
    { numRuns: 30 },
  );
});
