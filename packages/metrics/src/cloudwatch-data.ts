import type { SeriesSnapshot, Snapshot } from './snapshot.ts';

/** One entry of PutMetricData's `MetricData`, in the API's own names. */
export interface MetricDatum {
  readonly MetricName: string;
  readonly Dimensions: { readonly Name: string; readonly Value: string }[];
  readonly Timestamp: Date;
  readonly Unit: SeriesSnapshot['unit'];
  readonly StorageResolution: 1 | 60;
  readonly Value?: number;
  readonly Values?: number[];
  readonly Counts?: number[];
}

/**
 * PutMetricData's limits.
 *
 * Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricData.html
 */
const putMetricDataLimits = {
  maxMetrics: 1_000,
  maxDimensions: 30,
  maxNameLength: 255,
  maxDimensionValueLength: 1_024,
  /** 1 MB; the API does not say whether before or after gzip, so this is before. A reserve is kept for the envelope. */
  maxBytes: 950_000,
  maxMagnitude: 2 ** 360,
};

// Serialising and compressing 1,000 metrics of 150 values takes 75 ms, in which nothing else runs: smaller requests.
const maxValuesPerRequest = 10_000;

/** A snapshot as CloudWatch takes it: names, dimensions and values cut to what the API accepts. */
export function toMetricData(snapshot: Snapshot, storageResolution: 1 | 60): MetricDatum[] {
  const { maxDimensions, maxNameLength, maxDimensionValueLength } = putMetricDataLimits;
  const timestamp = new Date(snapshot.endMs);
  return snapshot.series.map((series) => ({
    MetricName: series.name.slice(0, maxNameLength),
    Dimensions: Object.entries(series.dimensions)
      .filter(([name, value]) => name !== '' && value !== '') // the API refuses empty ones, and the whole request with them
      .slice(0, maxDimensions)
      .map(([name, value]) => ({
        Name: name.slice(0, maxNameLength),
        Value: value.slice(0, maxDimensionValueLength),
      })),
    Timestamp: timestamp,
    Unit: series.unit,
    StorageResolution: storageResolution,
    ...datumValue(series),
  }));
}

function datumValue(series: SeriesSnapshot): Pick<MetricDatum, 'Value' | 'Values' | 'Counts'> {
  if (series.kind !== 'histogram') {
    return { Value: clamp(series.value) };
  }
  const { values, counts } = series.distribution;
  return { Values: values.map(clamp), Counts: [...counts] };
}

function clamp(value: number): number {
  const { maxMagnitude } = putMetricDataLimits;
  return Math.min(maxMagnitude, Math.max(-maxMagnitude, value));
}

/** Divides data into requests within the API's limits, in order; each is packed only when it is asked for. */
export function* packRequests(data: Iterable<MetricDatum>): Generator<MetricDatum[], void> {
  let request: MetricDatum[] = [];
  let bytes = 0;
  let values = 0;
  for (const datum of data) {
    const datumBytes = JSON.stringify(datum).length * 1.1; // the wire form writes the time shorter and escapes more
    const datumValues = datum.Values?.length ?? 1;
    const isFull =
      request.length === putMetricDataLimits.maxMetrics ||
      bytes + datumBytes > putMetricDataLimits.maxBytes ||
      values + datumValues > maxValuesPerRequest;
    if (isFull && request.length > 0) {
      yield request;
      request = [];
      bytes = 0;
      values = 0;
    }
    request.push(datum);
    bytes += datumBytes;
    values += datumValues;
  }
  if (request.length > 0) {
    yield request;
  }
}
