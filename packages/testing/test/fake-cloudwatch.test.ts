import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type FakeCloudWatch, startFakeCloudWatch } from '../src/index.ts';

let cloudWatch: FakeCloudWatch;

beforeEach(async () => {
  cloudWatch = await startFakeCloudWatch();
});

afterEach(() => cloudWatch.close());

async function put(metricData: unknown, options: { gzip?: boolean; target?: string } = {}) {
  const { gzip = false, target = 'GraniteServiceVersion20100801.PutMetricData' } = options;
  const text = JSON.stringify({ Namespace: 'Shop', MetricData: metricData });
  const response = await fetch(cloudWatch.endpoint, {
    method: 'POST',
    headers: { 'x-amz-target': target, ...(gzip ? { 'content-encoding': 'gzip' } : {}) },
    body: gzip ? gzipSync(text) : text,
  });
  const answer: { __type?: string } = JSON.parse(await response.text());
  return { status: response.status, code: answer.__type };
}

test('takes single values and distributions, plain and compressed', async () => {
  expect(await put([{ MetricName: 'Latency', Value: 3 }])).toEqual({ status: 200, code: undefined });
  expect(await put([{ MetricName: 'Latency', Values: [1, 2], Counts: [1, 8] }], { gzip: true })).toEqual({
    status: 200,
    code: undefined,
  });
  const statistics = cloudWatch.statistics('Latency', {});
  expect(statistics).toMatchObject({ sampleCount: 10, sum: 20, min: 1, max: 3 });
  expect(statistics?.percentile(0.5)).toBe(2);
  expect(cloudWatch.statistics('Latency', { Operation: 'send' })).toBeUndefined();
});

const dimensions = (count: number) =>
  Array.from({ length: count }, (_, index) => ({ Name: `d${index}`, Value: 'x' }));

test.each([
  ['1,001 metrics', Array.from({ length: 1_001 }, () => ({ MetricName: 'm', Value: 1 }))],
  ['no metric', []],
  ['151 values', [{ MetricName: 'm', Values: Array.from({ length: 151 }, (_, index) => index) }]],
  ['counts of another length', [{ MetricName: 'm', Values: [1, 2], Counts: [1] }]],
  ['31 dimensions', [{ MetricName: 'm', Value: 1, Dimensions: dimensions(31) }]],
  [
    'a dimension given twice',
    [{ MetricName: 'm', Value: 1, Dimensions: [...dimensions(1), ...dimensions(1)] }],
  ],
  ['an empty dimension', [{ MetricName: 'm', Value: 1, Dimensions: [{ Name: 'd', Value: '' }] }]],
  ['a value beyond 2^360', [{ MetricName: 'm', Value: 2 ** 361 }]],
  ['a value that is not a number', [{ MetricName: 'm', Value: 'NaN' }]],
  ['both a value and values', [{ MetricName: 'm', Value: 1, Values: [1] }]],
  ['an unknown unit', [{ MetricName: 'm', Value: 1, Unit: 'Furlongs' }]],
  ['a resolution of 10', [{ MetricName: 'm', Value: 1, StorageResolution: 10 }]],
  ['a name of 256 characters', [{ MetricName: 'm'.repeat(256), Value: 1 }]],
  [
    'a time stamp of last month',
    [{ MetricName: 'm', Value: 1, Timestamp: Date.now() / 1_000 - 30 * 86_400 }],
  ],
])('refuses the whole request for %s', async (_, metricData) => {
  const { status, code } = await put([...metricData]);
  expect(status).toBe(400);
  expect(code).toMatch(/InvalidParameterValue|MissingRequiredParameterException/);
  expect(cloudWatch.data).toEqual([]);
});

test('refuses more than 1 MB, whatever it is compressed to', async () => {
  const metricData = Array.from({ length: 1_000 }, (_, index) => ({
    MetricName: `${index}`.padEnd(255, 'x'),
    Value: 1,
    Dimensions: [{ Name: 'd', Value: 'y'.repeat(1_000) }],
  }));
  expect(await put(metricData, { gzip: true })).toEqual({ status: 413, code: 'RequestEntityTooLarge' });
});

test('refuses other operations', async () => {
  const answer = await put([{ MetricName: 'm', Value: 1 }], { target: 'Other.Thing' });
  expect(answer).toEqual({ status: 400, code: 'UnknownOperationException' });
});

test('fails as often as it is told to', async () => {
  cloudWatch.failNext(503, 'ServiceUnavailable', 2);
  const metric = [{ MetricName: 'm', Value: 1 }];
  const answers = [await put(metric), await put(metric), await put(metric)];
  expect(answers.map(({ status }) => status)).toEqual([503, 503, 200]);
  expect(cloudWatch.data).toHaveLength(1);
});
