import type { Dimensions, MetricUnit } from '@sqskit/core';
import type { Distribution } from './sketch.ts';

/** What happened between two flushes. */
export interface Snapshot {
  /** Epoch milliseconds. */
  readonly startMs: number;
  readonly endMs: number;
  readonly namespace: string;
  /** Only series in which something was recorded. */
  readonly series: readonly SeriesSnapshot[];
}

interface SeriesIdentity {
  readonly name: string;
  readonly unit: MetricUnit;
  readonly dimensions: Dimensions;
}

/** The sum of what was added. */
export interface CounterSnapshot extends SeriesIdentity {
  readonly kind: 'counter';
  readonly value: number;
}

/** The last value set. */
export interface GaugeSnapshot extends SeriesIdentity {
  readonly kind: 'gauge';
  readonly value: number;
}

export interface HistogramSnapshot extends SeriesIdentity {
  readonly kind: 'histogram';
  readonly distribution: Distribution;
}

export type SeriesSnapshot = CounterSnapshot | GaugeSnapshot | HistogramSnapshot;

/**
 * Where snapshots go. `write` is called once per flush and never while an earlier call of it is under way: two snapshots
 * wait, and beyond them the oldest waiting one is dropped. What it throws is logged, and the snapshot is lost to this sink
 * unless the sink keeps it.
 */
export interface Sink {
  write(snapshot: Snapshot): Promise<void> | void;
  /** Delivers what the sink still holds. Called once, after the last `write`. */
  close?(): Promise<void> | void;
}

/** The value below which the share `p` (0 to 1) of a distribution lies, within the sketch's 2.5 %. */
export function percentile(
  distribution: Pick<Distribution, 'count' | 'values' | 'counts'>,
  p: number,
): number {
  const rank = Math.max(1, Math.ceil(p * distribution.count));
  let seen = 0;
  let value = Number.NaN;
  for (const [index, count] of distribution.counts.entries()) {
    seen += count;
    value = distribution.values[index] ?? value;
    if (seen >= rank) {
      break;
    }
  }
  return value;
}
