import {
  type Counter,
  type Dimensions,
  type Gauge,
  type Histogram,
  type MetricUnit,
  noopRecorder,
  type Recorder,
} from '@sqskit/core';
import { guardedLogger } from '@sqskit/core/callbacks';
import { sleep, type Timer } from '@sqskit/core/clock';
import { type Resolved, resolveOptions } from '@sqskit/core/options';
import { createDelivery, type Delivery } from './delivery.ts';
import { type MetricsOptions, metricsRules } from './options.ts';
import {
  createCounterSeries,
  createGaugeSeries,
  createHistogramSeries,
  createRateSeries,
  type Series,
  type SeriesName,
} from './series.ts';
import type { Sink, Snapshot } from './snapshot.ts';

/**
 * A recorder that aggregates: recording costs nanoseconds and a fixed amount of memory per series, whatever the rate.
 * What was recorded goes to the sinks once per interval, and at `close`. No sink can slow, break or fail the recording.
 */
export interface Metrics extends Recorder {
  /**
   * Times an operation: `ProcessingLatency` in milliseconds, dimension `Operation`. Returns what it returns and throws
   * what it throws; a failed run is timed too.
   */
  trackProcessingTime<T>(operation: string, run: () => Promise<T>): Promise<T>;
  /** Counts messages of an operation: `MessageThroughput` in Count/Second over each interval, dimension `Operation`. */
  trackThroughput(operation: string, messages: number): void;
  /** Records one value of any metric. */
  putMetric(name: string, value: number, unit?: MetricUnit, dimensions?: Dimensions): void;
  /** Gives what was recorded to every sink now. Resolves when they have taken it; never rejects. */
  flush(): Promise<void>;
  /** The last flush, then closes the sinks, in at most `closeTimeoutMs`. Idempotent; recording afterwards does nothing. */
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

/**
 * Aggregates metrics and gives them to `sinks` once per interval. Throws `option-invalid`.
 *
 * @example createMetrics([createCloudWatchSink(new CloudWatchClient({}))], { dimensions: { Service: 'orders' } })
 */
export function createMetrics(sinks: readonly Sink[], options?: MetricsOptions): Metrics {
  const resolved = resolveOptions('createMetrics', metricsRules, options);
  const settings = { ...resolved, logger: guardedLogger(resolved.logger) };
  const deliveries = sinks.map((sink) => createDelivery(sink, settings.logger));
  return new AggregatingMetrics(deliveries, settings);
}

class AggregatingMetrics implements Metrics {
  readonly enabled = true;
  readonly #deliveries: readonly Delivery[];
  readonly #options: Resolved<MetricsOptions>;
  readonly #series = new Map<string, Series>();
  #startMs: number;
  #startMonotonic: number;
  #timer: Timer | undefined;
  #closing: Promise<void> | undefined;
  #hasRefused = false;

  constructor(deliveries: readonly Delivery[], options: Resolved<MetricsOptions>) {
    this.#deliveries = deliveries;
    this.#options = options;
    this.#startMs = options.clock.now();
    this.#startMonotonic = options.clock.monotonic();
    this.#schedule();
  }

  counter(name: string, dimensions?: Dimensions): Counter {
    return (
      this.#instrument('counter', name, 'Count', dimensions, createCounterSeries) ??
      noopRecorder.counter(name)
    );
  }

  gauge(name: string, unit: MetricUnit, dimensions?: Dimensions): Gauge {
    return (
      this.#instrument('gauge', name, unit, dimensions, createGaugeSeries) ?? noopRecorder.gauge(name, unit)
    );
  }

  histogram(name: string, unit: MetricUnit, dimensions?: Dimensions): Histogram {
    const series = this.#instrument('histogram', name, unit, dimensions, createHistogramSeries);
    return series ?? noopRecorder.histogram(name, unit);
  }

  async trackProcessingTime<T>(operation: string, run: () => Promise<T>): Promise<T> {
    const { clock } = this.#options;
    const latency = this.histogram('ProcessingLatency', 'Milliseconds', { Operation: operation });
    const begun = clock.monotonic();
    try {
      return await run();
    } finally {
      latency.record(clock.monotonic() - begun);
    }
  }

  trackThroughput(operation: string, messages: number): void {
    const dimensions = { Operation: operation };
    this.#instrument('rate', 'MessageThroughput', 'Count/Second', dimensions, createRateSeries)?.add(
      messages,
    );
  }

  putMetric(name: string, value: number, unit: MetricUnit = 'None', dimensions?: Dimensions): void {
    this.histogram(name, unit, dimensions).record(value);
  }

  async flush(): Promise<void> {
    const snapshot = this.#drain();
    const isEmpty = snapshot.series.length === 0;
    await Promise.all(
      this.#deliveries.map((delivery) => (isEmpty ? delivery.settled() : delivery.write(snapshot))),
    );
  }

  close(): Promise<void> {
    this.#closing ??= this.#finish();
    return this.#closing;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #instrument<S extends Series>(
    kind: string,
    name: string,
    unit: MetricUnit,
    dimensions: Dimensions | undefined,
    create: (name: SeriesName) => S,
  ): S | undefined {
    const all = { ...this.#options.dimensions, ...dimensions };
    const sorted = Object.entries(all).sort(([one], [other]) => (one < other ? -1 : 1));
    const key = JSON.stringify([kind, name, unit, sorted]);
    const known = this.#series.get(key);
    if (known !== undefined) {
      return known as S; // the kind is part of the key
    }
    if (this.#closing !== undefined || this.#series.size >= this.#options.maxSeries) {
      this.#refuse(name);
      return undefined;
    }
    const series = create({ name, unit, dimensions: Object.fromEntries(sorted) });
    this.#series.set(key, series);
    return series;
  }

  #refuse(name: string): void {
    if (!this.#hasRefused && this.#closing === undefined) {
      this.#hasRefused = true;
      const { logger, maxSeries } = this.#options;
      logger.warn('metrics: too many series; further ones record nothing', { maxSeries, name });
    }
  }

  #schedule(): void {
    const { clock, flushIntervalMs } = this.#options;
    this.#timer = clock.setTimer(() => {
      void this.flush();
      this.#schedule();
    }, flushIntervalMs);
  }

  #drain(): Snapshot {
    const { clock, namespace } = this.#options;
    const endMs = clock.now();
    const monotonic = clock.monotonic();
    const elapsedMs = monotonic - this.#startMonotonic;
    const series = [...this.#series.values()].flatMap((one) => one.drain(elapsedMs) ?? []);
    const snapshot = { startMs: this.#startMs, endMs, namespace, series };
    this.#startMs = endMs;
    this.#startMonotonic = monotonic;
    return snapshot;
  }

  async #finish(): Promise<void> {
    this.#timer?.cancel();
    const { clock, closeTimeoutMs, logger } = this.#options;
    void this.flush();
    const done = Promise.all(this.#deliveries.map((delivery) => delivery.close()));
    const giveUp = new AbortController();
    const late = sleep(clock, closeTimeoutMs, { keepAlive: true, signal: giveUp.signal }).then(
      () => logger.warn('metrics: the sinks did not take the last flush in time', { closeTimeoutMs }),
      () => undefined,
    );
    await Promise.race([done, late]);
    giveUp.abort();
  }
}
