import { createServer, type IncomingMessage } from 'node:http';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { type LoopbackServer, listenOnLoopback } from './loopback-server.ts';

/** One metric datum as it was accepted. `values` and `counts` hold a single value with count 1 where `Value` was sent. */
export interface AcceptedDatum {
  readonly namespace: string;
  readonly name: string;
  readonly dimensions: Readonly<Record<string, string>>;
  readonly unit: string;
  readonly timestampMs: number;
  readonly storageResolution: number;
  readonly values: readonly number[];
  readonly counts: readonly number[];
}

/** A metric's data of all time stamps together, as CloudWatch's statistics would give them. */
export interface MetricStatistics {
  readonly sampleCount: number;
  readonly sum: number;
  readonly min: number;
  readonly max: number;
  /** The value below which the share `p` (0 to 1) lies. */
  percentile(p: number): number;
}

export interface FakeCloudWatch extends LoopbackServer {
  /** Everything accepted so far, in order. */
  readonly data: readonly AcceptedDatum[];
  /** PutMetricData requests answered so far, refused ones included. */
  readonly requests: number;
  /** Statistics over all data of a metric with exactly these dimensions; `undefined` where there are none. */
  statistics(name: string, dimensions: Readonly<Record<string, string>>): MetricStatistics | undefined;
  /** Answers the next `times` requests with this status instead, without effect. */
  failNext(status: number, awsCode: string, times?: number): void;
}

export interface FakeCloudWatchOptions {
  /** Default: 0, any free port. */
  readonly port?: number | undefined;
  /** Wall clock in epoch milliseconds, for the limits on time stamps. Default: `Date.now`. */
  readonly now?: (() => number) | undefined;
}

/**
 * A CloudWatch endpoint on loopback that takes PutMetricData as the AWS SDK for JavaScript sends it (AWS JSON 1.0,
 * gzip above 10 KB) and enforces the API's limits, refusing what CloudWatch would refuse.
 *
 * Sources: https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricData.html and API_MetricDatum.
 */
export async function startFakeCloudWatch(options: FakeCloudWatchOptions = {}): Promise<FakeCloudWatch> {
  const { port = 0, now = Date.now } = options;
  const data: AcceptedDatum[] = [];
  const failures: Refusal[] = [];
  let requests = 0;

  const server = createServer((request, response) => {
    void readRequest(request).then((result) => {
      requests++;
      const planned = failures.shift();
      const answer = planned ?? ('refusal' in result ? result.refusal : accept(result.body, data, now()));
      response.writeHead(answer?.status ?? 200, { 'content-type': 'application/x-amz-json-1.0' });
      response.end(
        answer === undefined ? '{}' : JSON.stringify({ __type: answer.awsCode, message: answer.message }),
      );
    });
  });
  const loopback = await listenOnLoopback(server, port);
  return {
    ...loopback,
    data,
    get requests() {
      return requests;
    },
    statistics: (name, dimensions) =>
      statisticsOf(data.filter((datum) => datum.name === name && isSame(datum.dimensions, dimensions))),
    failNext(status, awsCode, times = 1) {
      failures.push(...Array.from({ length: times }, () => ({ status, awsCode, message: awsCode })));
    },
  };
}

interface Refusal {
  readonly status: number;
  readonly awsCode: string;
  readonly message?: string;
}

const maxRequestBytes = 1_000_000;

async function readRequest(request: IncomingMessage): Promise<{ body: unknown } | { refusal: Refusal }> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) {
    chunks.push(chunk as Buffer);
  }
  const target = request.headers['x-amz-target'];
  if (target !== 'GraniteServiceVersion20100801.PutMetricData') {
    return { refusal: refuse('UnknownOperationException', `no such operation: ${String(target)}`) };
  }
  try {
    const raw = Buffer.concat(chunks);
    const isCompressed = request.headers['content-encoding'] === 'gzip';
    const text = isCompressed ? await promisify(gunzip)(raw, { maxOutputLength: 16_000_000 }) : raw;
    if (text.byteLength > maxRequestBytes) {
      return { refusal: { ...refuse('RequestEntityTooLarge', 'over 1 MB'), status: 413 } };
    }
    return { body: JSON.parse(text.toString('utf8')) };
  } catch (error) {
    return { refusal: refuse('SerializationException', String(error)) };
  }
}

function refuse(awsCode: string, message: string): Refusal {
  return { status: 400, awsCode, message };
}

/** Takes a whole request or refuses it whole, as CloudWatch does. */
function accept(body: unknown, data: AcceptedDatum[], nowMs: number): Refusal | undefined {
  const { Namespace: namespace, MetricData: metrics } = record(body);
  if (typeof namespace !== 'string' || !/^[^:].{0,254}$/.test(namespace) || namespace.startsWith('AWS/')) {
    return refuse('InvalidParameterValue', 'Namespace');
  }
  if (!Array.isArray(metrics) || metrics.length === 0) {
    return refuse('MissingRequiredParameterException', 'MetricData');
  }
  if (metrics.length > 1_000) {
    return refuse(
      'InvalidParameterValue',
      `MetricData has ${metrics.length} members, at most 1000 are allowed`,
    );
  }
  const accepted: AcceptedDatum[] = [];
  for (const metric of metrics) {
    const datum = readDatum(record(metric), namespace, nowMs);
    if (typeof datum === 'string') {
      return refuse('InvalidParameterValue', datum);
    }
    accepted.push(datum);
  }
  data.push(...accepted);
  return undefined;
}

const units = new Set(
  [
    'Seconds Microseconds Milliseconds Percent Count None',
    'Bytes Kilobytes Megabytes Gigabytes Terabytes Bits Kilobits Megabits Gigabits Terabits',
    'Bytes/Second Kilobytes/Second Megabytes/Second Gigabytes/Second Terabytes/Second',
    'Bits/Second Kilobits/Second Megabits/Second Gigabits/Second Terabits/Second Count/Second',
  ].flatMap((line) => line.split(' ')),
);
const twoWeeksMs = 14 * 24 * 3_600_000;
const twoHoursMs = 2 * 3_600_000;

/** The datum, or what is wrong with it. */
function readDatum(metric: JsonRecord, namespace: string, nowMs: number): AcceptedDatum | string {
  const name = metric['MetricName'];
  if (typeof name !== 'string' || name.length === 0 || name.length > 255) {
    return 'MetricName is not 1 to 255 characters';
  }
  const dimensions = readDimensions(metric['Dimensions'] ?? []);
  if (typeof dimensions === 'string') {
    return dimensions;
  }
  const unit = metric['Unit'] ?? 'None';
  if (typeof unit !== 'string' || !units.has(unit)) {
    return 'Unit is not one that CloudWatch knows';
  }
  const storageResolution = metric['StorageResolution'] ?? 60;
  if (storageResolution !== 1 && storageResolution !== 60) {
    return 'StorageResolution is neither 1 nor 60';
  }
  const seconds = metric['Timestamp'];
  const timestampMs = typeof seconds === 'number' ? seconds * 1_000 : nowMs;
  if (timestampMs < nowMs - twoWeeksMs || timestampMs > nowMs + twoHoursMs) {
    return 'Timestamp is more than two weeks old or two hours ahead';
  }
  const values = readValues(metric);
  if (typeof values === 'string') {
    return values;
  }
  return { namespace, name, dimensions, unit, timestampMs, storageResolution, ...values };
}

function readDimensions(given: unknown): Record<string, string> | string {
  if (!Array.isArray(given) || given.length > 30) {
    return 'Dimensions has more than 30 members';
  }
  const dimensions: Record<string, string> = {};
  for (const one of given) {
    const { Name: name, Value: value } = record(one);
    const isLegal =
      typeof name === 'string' &&
      typeof value === 'string' &&
      /^[^:\s].{0,254}$/.test(name) &&
      /^(?=.*\S).{1,1024}$/.test(value);
    if (!isLegal) {
      return 'a dimension has an empty or overlong name or value';
    }
    if (Object.hasOwn(dimensions, name)) {
      return `dimension ${name} is given twice`;
    }
    dimensions[name] = value;
  }
  return dimensions;
}

function readValues(metric: JsonRecord): Pick<AcceptedDatum, 'values' | 'counts'> | string {
  const { Value: value, Values: values } = metric;
  if ((value === undefined) === (values === undefined)) {
    return 'exactly one of Value and Values is needed';
  }
  if (values === undefined) {
    return isLegalValue(value) ? { values: [value], counts: [1] } : 'Value is not a number within 2^360';
  }
  if (!Array.isArray(values) || values.length === 0 || values.length > 150 || !values.every(isLegalValue)) {
    return 'Values is not 1 to 150 numbers within 2^360';
  }
  const counts = metric['Counts'] ?? values.map(() => 1);
  if (!Array.isArray(counts) || counts.length !== values.length || !counts.every(isLegalCount)) {
    return 'Counts does not have a number from 0 for each of Values';
  }
  return { values, counts };
}

function isLegalValue(value: unknown): value is number {
  return typeof value === 'number' && Math.abs(value) <= 2 ** 360;
}

function isLegalCount(count: unknown): count is number {
  return typeof count === 'number' && count >= 0;
}

type JsonRecord = Readonly<Record<string, unknown>>;

function record(value: unknown): JsonRecord {
  return typeof value === 'object' && value !== null ? (value as JsonRecord) : {};
}

function isSame(one: Readonly<Record<string, string>>, other: Readonly<Record<string, string>>): boolean {
  const names = Object.keys(one);
  return names.length === Object.keys(other).length && names.every((name) => one[name] === other[name]);
}

function statisticsOf(data: readonly AcceptedDatum[]): MetricStatistics | undefined {
  const samples = data
    .flatMap(({ values, counts }) => values.map((value, index) => ({ value, count: counts[index] ?? 0 })))
    .filter(({ count }) => count > 0)
    .sort((one, other) => one.value - other.value);
  const [first] = samples;
  const last = samples.at(-1);
  if (first === undefined || last === undefined) {
    return undefined;
  }
  const sampleCount = samples.reduce((total, { count }) => total + count, 0);
  return {
    sampleCount,
    sum: samples.reduce((total, { value, count }) => total + value * count, 0),
    min: first.value,
    max: last.value,
    percentile(p) {
      let seen = 0;
      const found = samples.find(({ count }) => {
        seen += count;
        return seen >= p * sampleCount;
      });
      return (found ?? last).value;
    },
  };
}
