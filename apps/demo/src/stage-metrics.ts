import { CloudWatchClient } from '@aws-sdk/client-cloudwatch';
import { createMetrics, type Distribution, type Metrics, percentile } from '@sqskit/metrics';
import { createCloudWatchSink } from '@sqskit/metrics/cloudwatch';
import { type FakeCloudWatch, startFakeCloudWatch } from '@sqskit/testing';
import { reasonOf } from './failure.ts';

/** One metric's samples, as they arrived at CloudWatch. */
interface Datum {
  readonly name: string;
  readonly dimensions: Readonly<Record<string, string>>;
  readonly values: readonly number[];
  readonly counts: readonly number[];
}

/** How long a stage took, of all messages or calls that passed it. */
export interface StageTime {
  readonly stage: string;
  readonly samples: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

/** What the pipeline recorded about itself and published, after the warm-up. */
export interface StageReport {
  /** Where to, in words. */
  readonly publishedTo: string;
  readonly requests: number;
  /** Why some of it did not get there, if so. */
  readonly publishFailure: string | undefined;
  readonly stages: readonly StageTime[];
  /** Size of a message as SQS counts it, before and after; `undefined` where nothing was compressed. */
  readonly compressionRatio: number | undefined;
  /** Messages by the region that accepted them. */
  readonly messagesByRegion: Readonly<Record<string, number>>;
  readonly failovers: number;
  /** Sums of the counters, to hold against the ledger. */
  readonly messagesSent: number;
  readonly messagesAcked: number;
}

export interface StageMetrics {
  readonly recorder: Metrics;
  /** Forgets what was recorded so far. */
  begin(): Promise<void>;
  /** Publishes the rest, and reads back what was published. */
  close(): Promise<StageReport>;
}

/** What is recorded goes to CloudWatch by the real client: to AWS in this region, or to an endpoint of this process. */
export async function openStageMetrics(aws: { readonly region?: string } | undefined): Promise<StageMetrics> {
  const endpoint = aws === undefined ? await startFakeCloudWatch() : undefined;
  const client = endpoint === undefined ? new CloudWatchClient({ ...aws }) : localClient(endpoint);
  const data: Datum[] = [];
  let requests = 0;
  let publishFailure: string | undefined;
  const counting = {
    send: async (command: never): Promise<unknown> => {
      requests++;
      try {
        return await client.send(command);
      } catch (error) {
        publishFailure = reasonOf(error);
        throw error;
      }
    },
  };
  // AWS does not give metrics back at once, so what is shown is kept here; the local endpoint is asked itself.
  const keep = {
    write({ series }: Parameters<ReturnType<typeof createCloudWatchSink>['write']>[0]) {
      for (const one of series) {
        const { name, dimensions } = one;
        const { values, counts } =
          one.kind === 'histogram' ? one.distribution : { values: [one.value], counts: [1] };
        data.push({ name, dimensions, values, counts });
      }
    },
  };
  const recorder = createMetrics([createCloudWatchSink(counting), ...(endpoint === undefined ? [keep] : [])]);
  const published = (): readonly Datum[] => endpoint?.data ?? data;
  let begunAt = 0;
  return {
    recorder,
    async begin() {
      await recorder.flush();
      begunAt = published().length;
      requests = 0;
    },
    async close() {
      await recorder.close();
      client.destroy();
      await endpoint?.close();
      const publishedTo =
        endpoint === undefined ? 'CloudWatch' : 'a CloudWatch endpoint of this process, by the real client';
      return { publishedTo, requests, publishFailure, ...summaryOf(published().slice(begunAt)) };
    },
  };
}

function localClient({ endpoint }: FakeCloudWatch): CloudWatchClient {
  return new CloudWatchClient({
    endpoint,
    region: 'us-east-1',
    credentials: { accessKeyId: 'emulator', secretAccessKey: 'emulator' },
  });
}

// In the order in which a message passes them.
const stages: readonly (readonly [stage: string, metric: string, operation?: string])[] = [
  ['send: until settled, in each region tried', 'SendDuration'],
  ['of that, the call', 'CallDuration', 'SendMessageBatch'],
  ['in the queue, until a handler starts', 'QueueTime'],
  ['handler', 'ProcessingTime'],
  ['delete: the call', 'CallDuration', 'DeleteMessageBatch'],
];

function summaryOf(data: readonly Datum[]): Omit<StageReport, 'publishedTo' | 'requests' | 'publishFailure'> {
  const sum = (name: string, dimensions: Readonly<Record<string, string>> = {}): number => {
    const { values, counts } = merged(data, name, dimensions);
    return values.reduce((total, value, index) => total + value * (counts[index] ?? 0), 0);
  };
  const ratio = merged(data, 'CompressionRatio');
  const regions = new Set(data.flatMap(({ dimensions }) => dimensions['Region'] ?? []));
  return {
    stages: stages.flatMap(([stage, metric, operation]) => {
      const samples = merged(data, metric, operation === undefined ? {} : { Operation: operation });
      const [p50Ms, p99Ms] = [percentile(samples, 0.5), percentile(samples, 0.99)];
      return samples.count === 0 ? [] : [{ stage, samples: samples.count, p50Ms, p99Ms }];
    }),
    compressionRatio: ratio.count === 0 ? undefined : percentile(ratio, 0.5),
    messagesByRegion: Object.fromEntries(
      [...regions].map((region) => [region, sum('MessagesRouted', { Region: region })]),
    ),
    failovers: sum('Failovers'),
    messagesSent: sum('MessagesSent'),
    messagesAcked: sum('MessagesAcked'),
  };
}

/** All samples of a metric, whatever its other dimensions, in ascending order. */
function merged(
  data: readonly Datum[],
  name: string,
  dimensions: Readonly<Record<string, string>> = {},
): Pick<Distribution, 'count' | 'values' | 'counts'> {
  const samples = data
    .filter((datum) => datum.name === name)
    .filter((datum) => Object.entries(dimensions).every(([key, value]) => datum.dimensions[key] === value))
    .flatMap(({ values, counts }) => values.map((value, index) => ({ value, count: counts[index] ?? 0 })))
    .toSorted((one, other) => one.value - other.value);
  return {
    count: samples.reduce((total, { count }) => total + count, 0),
    values: samples.map(({ value }) => value),
    counts: samples.map(({ count }) => count),
  };
}
