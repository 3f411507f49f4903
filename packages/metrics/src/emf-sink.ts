import type { SeriesSnapshot, Sink, Snapshot } from './snapshot.ts';

/** Most values of one metric in one EMF document. */
const maxValues = 100;

/**
 * Writes CloudWatch's embedded metric format: one JSON line for each series, for Lambda's standard output or the
 * CloudWatch agent. No network call, no permission. Histograms are written as `Values` and `Counts`, so percentiles
 * survive.
 *
 * Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
 *
 * @param writeLine takes one line without its line end, for example `(line) => process.stdout.write(line + '\n')`
 */
export function createEmfSink(writeLine: (line: string) => void): Sink {
  return {
    write(snapshot) {
      for (const series of snapshot.series) {
        for (const value of emfValues(series)) {
          writeLine(JSON.stringify(document(snapshot, series, value)));
        }
      }
    },
  };
}

type EmfValue =
  | number
  | {
      readonly Values: readonly number[];
      readonly Counts: readonly number[];
      readonly Min: number;
      readonly Max: number;
      readonly Sum: number;
      readonly Count: number;
    };

function document(snapshot: Snapshot, { name, unit, dimensions }: SeriesSnapshot, value: EmfValue): object {
  return {
    _aws: {
      Timestamp: snapshot.endMs,
      CloudWatchMetrics: [
        {
          Namespace: snapshot.namespace,
          Dimensions: [Object.keys(dimensions)],
          Metrics: [{ Name: name, Unit: unit }],
        },
      ],
    },
    ...dimensions,
    [name]: value,
  };
}

/** A histogram with more different values than a document takes becomes several: dimensions are in each. */
function emfValues(series: SeriesSnapshot): EmfValue[] {
  if (series.kind !== 'histogram') {
    return [series.value];
  }
  const { values, counts } = series.distribution;
  const parts: EmfValue[] = [];
  for (let from = 0; from < values.length; from += maxValues) {
    const part = values.slice(from, from + maxValues);
    const partCounts = counts.slice(from, from + maxValues);
    parts.push({
      Values: part,
      Counts: partCounts,
      Min: part[0] ?? 0,
      Max: part.at(-1) ?? 0,
      Sum: part.reduce((sum, value, index) => sum + value * (partCounts[index] ?? 0), 0),
      Count: partCounts.reduce((sum, count) => sum + count, 0),
    });
  }
  return parts;
}
