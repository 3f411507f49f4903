/** Units as CloudWatch names them, so that every sink can carry them. */
export type MetricUnit = 'Count' | 'Count/Second' | 'Milliseconds' | 'Bytes' | 'Percent' | 'None';

/** What tells series of one metric apart. Never an id: each distinct value is a series that costs money. */
export type Dimensions = Readonly<Record<string, string>>;

export interface Counter {
  add(value: number): void;
}

export interface Gauge {
  set(value: number): void;
}

export interface Histogram {
  record(value: number): void;
}

/**
 * Hands out instruments. They are asked for once, at construction; recording must be cheap and must never throw.
 * Metric names are PascalCase.
 */
export interface Recorder {
  /** False where nothing listens, so that a hot path can leave out measuring. */
  readonly enabled: boolean;
  counter(name: string, dimensions?: Dimensions): Counter;
  gauge(name: string, unit: MetricUnit, dimensions?: Dimensions): Gauge;
  histogram(name: string, unit: MetricUnit, dimensions?: Dimensions): Histogram;
}

const ignore = (): void => undefined;
const noopCounter: Counter = { add: ignore };
const noopGauge: Gauge = { set: ignore };
const noopHistogram: Histogram = { record: ignore };

/** The default: records nothing. */
export const noopRecorder: Recorder = {
  enabled: false,
  counter: () => noopCounter,
  gauge: () => noopGauge,
  histogram: () => noopHistogram,
};
