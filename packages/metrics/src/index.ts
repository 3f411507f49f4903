export { createMetrics, type Metrics } from './metrics.ts';
export type { MetricsOptions } from './options.ts';
export {
  type CounterSnapshot,
  type GaugeSnapshot,
  type HistogramSnapshot,
  percentile,
  type SeriesSnapshot,
  type Sink,
  type Snapshot,
} from './snapshot.ts';
export type { Distribution } from './sketch.ts';
export { createEmfSink } from './emf-sink.ts';
export { createMemorySink, type MemorySink } from './memory-sink.ts';
