import type { Dimensions } from '@sqskit/core';
import type { SeriesSnapshot, Sink, Snapshot } from './snapshot.ts';

/** Keeps the last snapshots, for tests, health pages and the demo. */
export interface MemorySink extends Sink {
  /** Oldest first. */
  readonly snapshots: readonly Snapshot[];
  /** Every snapshot of the series with this name and at least these dimensions, oldest first. */
  find(name: string, dimensions?: Dimensions): readonly SeriesSnapshot[];
}

/** `maxSnapshots`: how many are kept, by default 60: an hour at the default interval. */
export function createMemorySink(maxSnapshots = 60): MemorySink {
  const snapshots: Snapshot[] = [];
  return {
    snapshots,
    write(snapshot) {
      snapshots.push(snapshot);
      if (snapshots.length > maxSnapshots) {
        snapshots.shift();
      }
    },
    find: (name, dimensions = {}) =>
      snapshots.flatMap(({ series }) =>
        series.filter(
          (one) =>
            one.name === name &&
            Object.entries(dimensions).every(([key, value]) => one.dimensions[key] === value),
        ),
      ),
  };
}
