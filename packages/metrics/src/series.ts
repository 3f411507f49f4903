import type { Counter, Dimensions, Gauge, Histogram, MetricUnit } from '@sqskit/core';
import { createSketch } from './sketch.ts';
import type { SeriesSnapshot } from './snapshot.ts';

/** What a series of any kind does at a flush: say what was recorded since the last one, and begin anew. */
export interface Series {
  drain(elapsedMs: number): SeriesSnapshot | undefined;
}

export interface SeriesName {
  readonly name: string;
  readonly unit: MetricUnit;
  readonly dimensions: Dimensions;
}

// PutMetricData takes up to 150 different values for one metric.
// Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_MetricDatum.html
const maxDistinctValues = 150;

export function createCounterSeries(name: SeriesName): Series & Counter {
  let sum = 0;
  let isTouched = false;
  return {
    add(value) {
      if (Number.isFinite(value)) {
        sum += value;
        isTouched = true;
      }
    },
    drain() {
      if (!isTouched) {
        return undefined;
      }
      const snapshot: SeriesSnapshot = { ...name, kind: 'counter', value: sum };
      sum = 0;
      isTouched = false;
      return snapshot;
    },
  };
}

/** What was added, per second of the time between two flushes. */
export function createRateSeries(name: SeriesName): Series & Counter {
  const counter = createCounterSeries(name);
  return {
    add: (value) => counter.add(value),
    drain(elapsedMs) {
      const total = counter.drain(elapsedMs);
      if (total === undefined || total.kind !== 'counter') {
        return undefined;
      }
      // Under a millisecond there is no rate to speak of: the shortest time a clock tells apart counts.
      return { ...name, kind: 'gauge', value: (total.value * 1000) / Math.max(1, elapsedMs) };
    },
  };
}

export function createGaugeSeries(name: SeriesName): Series & Gauge {
  let current: number | undefined;
  return {
    set(value) {
      if (Number.isFinite(value)) {
        current = value;
      }
    },
    // A gauge keeps its value: what did not change is still so.
    drain: () => (current === undefined ? undefined : { ...name, kind: 'gauge', value: current }),
  };
}

export function createHistogramSeries(name: SeriesName): Series & Histogram {
  const sketch = createSketch();
  return {
    record: (value) => sketch.record(value),
    drain() {
      const distribution = sketch.drain(maxDistinctValues);
      return distribution === undefined ? undefined : { ...name, kind: 'histogram', distribution };
    },
  };
}
