import type { CallOptions, Handler, Queue } from '@sqskit/core';
import { guardedLogger } from '@sqskit/core/callbacks';
import { resolveOptions } from '@sqskit/core/options';
import { parseQueueUrl } from '@sqskit/core/queue-url';
import { type ResolvedAdaptiveConcurrency, resolveAdaptiveConcurrency } from './adaptive-concurrency.ts';
import { assertHandler, assertRoomForEach } from './arguments.ts';
import { type BreakerState, type ResolvedBreakerOptions, resolveBreaker } from './breaker-options.ts';
import { createCompleted } from './completed.ts';
import { type DrainEstimate, drainOf, type Pace } from './drain.ts';
import { concurrencyRules } from './handling-options.ts';
import { type ConsumerHealth, type ConsumerState, judgeHealth } from './health.ts';
import { callsPerMessage, createInstruments, sumOfTotals, type Totals } from './instruments.ts';
import { type ConsumerOptions, consumerRules, type ResolvedConsumerOptions } from './options.ts';
import { type QueueSource, type ResolvedQueueSource, resolveQueues } from './queue-sources.ts';
import { createReport, type ReportError } from './report.ts';
import { createRun, type Run } from './run.ts';
import type { Doing, SourceQueue } from './source.ts';
import { type StopMode, type StopOptions, stopRules } from './stop-options.ts';
import type { StopReport } from './stopping.ts';
import { createVisibility } from './visibility.ts';

/** What the consumer does now, and totals since it was made. */
export interface ConsumerStats extends Doing, Readonly<Totals> {
  readonly state: ConsumerState;
  /** What messages in hand keep in memory: see `maxBytes`. */
  readonly bytes: number;
  /** Of the handlers that run, those that go on although their signal has aborted. */
  readonly zombies: number;
  /** API calls for each message that was settled; undefined before the first. */
  readonly callsPerMessage: number | undefined;
  /** How many handlers may run: with `adaptiveConcurrency` this changes. 0 while stopped. */
  readonly slots: number;
  /** Undefined without one, and while stopped. */
  readonly breaker: BreakerState | undefined;
  /** The same by queue, in the order in which they were given. */
  readonly queues: readonly QueueStats[];
}

/** What there is of one queue: so much of the consumer's sum of it. */
export interface QueueStats extends Doing, Readonly<Totals> {
  readonly queueUrl: string;
}

export interface Consumer {
  /** Starts to poll, or resumes. Does nothing while it polls; while it stops, it starts again once it has stopped. */
  start(): void;
  /**
   * Stops in at most `timeoutMs` and resolves with a report: nothing new is received, what waits is released at once,
   * handlers that run may finish; with the mode `release` they are told to end, and their messages are released too. Long
   * polls under way are waited for, so on an idle queue this takes up to `waitTimeMs`. A second call while it stops resolves
   * with the same report, and may only change the mode to `release`. No timer and no call is left when it has resolved.
   */
  stop(options?: StopOptions): Promise<StopReport>;
  /** Receives no more until `resume` or the next `start`; what is in hand, and what polls under way bring, is handled. */
  pause(): void;
  resume(): void;
  /**
   * Most handlers at a time, from now on and after the next `start`. What runs beyond fewer goes on. Throws
   * `option-invalid` for what `maxConcurrency` cannot be.
   */
  setMaxConcurrency(max: number): void;
  stats(): ConsumerStats;
  /** For a liveness probe: whether a restart would help, and why. */
  health(): ConsumerHealth;
  /**
   * How much waits in its queues, and how long that takes this consumer. Costs a call (`depth`) for each queue, and rejects
   * where one fails. Recorded by queue as `EstimatedDrainTime`.
   */
  estimateDrain(options?: CallOptions): Promise<DrainEstimate>;
  /** `stop()`, with its default time. */
  [Symbol.asyncDispose](): Promise<void>;
}

/**
 * A consumer of one queue, or of several that share its slots, that calls `handler` with each message. Throws
 * `option-invalid` and `queue-url-invalid`. Nothing happens until `start()`.
 */
export function createConsumer<T>(
  queues: Queue | readonly (Queue | QueueSource)[],
  handler: Handler<T>,
  options?: ConsumerOptions<T>,
): Consumer {
  const settings = resolveOptions('createConsumer', consumerRules<T>(), options);
  const sources = resolveQueues('createConsumer', queues, settings.deadLetterQueue);
  assertRoomForEach('createConsumer', sources.length, settings);
  assertHandler('createConsumer', handler);
  return new QueueConsumer(sources, handler, { ...settings, logger: guardedLogger(settings.logger) });
}

class QueueConsumer<T> implements Consumer {
  readonly #queues: readonly SourceQueue[];
  readonly #handler: Handler<T>;
  readonly #settings: ResolvedConsumerOptions<T>;
  readonly #breaker: ResolvedBreakerOptions | undefined;
  readonly #adaptiveConcurrency: ResolvedAdaptiveConcurrency | undefined;
  readonly #report: ReportError;
  // At most one run at a time, so at most one engine polls.
  #run: Run | undefined;
  #stopping: Promise<StopReport> | undefined;
  #startAgain = false;
  #isPaused = false;
  #maxConcurrency: number;

  constructor(
    queues: readonly ResolvedQueueSource[],
    handler: Handler<T>,
    settings: ResolvedConsumerOptions<T>,
  ) {
    const { recorder, onError, logger, clock } = settings;
    this.#queues = queues.map((source) => ({
      ...source,
      visibility: createVisibility(settings),
      instruments: createInstruments(recorder, parseQueueUrl(source.queue.url).name, clock),
      completed: createCompleted(),
    }));
    this.#handler = handler;
    this.#settings = settings;
    this.#maxConcurrency = settings.maxConcurrency;
    this.#breaker = settings.breaker && resolveBreaker(settings.breaker);
    this.#adaptiveConcurrency =
      settings.adaptiveConcurrency &&
      resolveAdaptiveConcurrency(settings.adaptiveConcurrency, settings.maxConcurrency);
    this.#report = createReport(onError, logger);
  }

  start(): void {
    if (this.#stopping !== undefined) {
      this.#startAgain = true;
      this.#isPaused = false;
    } else if (this.#run === undefined) {
      this.#isPaused = false;
      this.#begin();
    } else {
      this.resume();
    }
  }

  async stop(options?: StopOptions): Promise<StopReport> {
    const { timeoutMs, mode } = resolveOptions('stop', stopRules, options);
    this.#startAgain = false;
    if (this.#run === undefined) {
      return nothingToStop;
    }
    if (this.#stopping === undefined) {
      this.#stopping = this.#stopRun(this.#run, timeoutMs, mode);
    } else if (mode === 'release') {
      this.#run.release();
    }
    return this.#stopping;
  }

  pause(): void {
    this.#isPaused = true;
  }

  resume(): void {
    this.#isPaused = false;
    this.#run?.update();
  }

  setMaxConcurrency(max: number): void {
    const { maxConcurrency } = resolveOptions('setMaxConcurrency', concurrencyRules, { maxConcurrency: max });
    this.#maxConcurrency = maxConcurrency;
    this.#run?.setMaxConcurrency(maxConcurrency);
  }

  stats(): ConsumerStats {
    const run = this.#run;
    const totals = sumOfTotals(this.#queues.map(({ instruments }) => instruments.totals));
    return {
      state: this.#state(),
      running: run?.running ?? 0,
      zombies: run?.zombies ?? 0,
      waiting: run?.waiting ?? 0,
      settling: run?.settling ?? 0,
      polls: run?.polls ?? 0,
      bytes: run?.bytes ?? 0,
      slots: run?.slots ?? 0,
      breaker: run?.breaker,
      callsPerMessage: callsPerMessage(totals),
      ...totals,
      queues: this.#queues.map(({ queue, instruments }, position) => ({
        queueUrl: queue.url,
        ...(run?.sources[position]?.doing ?? nothing),
        ...instruments.totals,
      })),
    };
  }

  health(): ConsumerHealth {
    return judgeHealth({
      state: this.#state(),
      queues: this.#run?.health ?? [],
      oldestRunningMs: this.#run?.oldestRunningMs,
      zombies: this.#run?.zombies ?? 0,
      maxConcurrency: this.#maxConcurrency,
      waitTimeMs: this.#settings.waitTimeMs,
    });
  }

  async estimateDrain(options?: CallOptions): Promise<DrainEstimate> {
    const estimates = await Promise.all(
      this.#queues.map(async ({ queue, instruments }) => {
        const { visible } = await queue.depth(options);
        const estimate = drainOf(visible, this.#pace());
        instruments.drain(estimate.drainMs);
        return estimate;
      }),
    );
    return drainOf(
      estimates.reduce((sum, { backlog }) => sum + backlog, 0),
      this.#pace(),
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  async #stopRun(run: Run, timeoutMs: number, mode: StopMode): Promise<StopReport> {
    const report = await run.stop(timeoutMs, mode);
    this.#run = undefined;
    this.#stopping = undefined;
    if (this.#startAgain) {
      this.#startAgain = false;
      this.#begin(); // paused, where that was said since
    }
    return report;
  }

  #begin(): void {
    this.#run = createRun({
      queues: this.#queues,
      handler: this.#handler,
      settings: { ...this.#settings, maxConcurrency: this.#maxConcurrency },
      breaker: this.#breaker,
      adaptiveConcurrency: this.#adaptiveConcurrency,
      report: this.#report,
      gates: [{ admit: (wanted) => (this.#isPaused ? 0 : wanted) }],
      keepsOrder: false,
    });
  }

  #pace(): Pace {
    return { slotMsPerMessage: this.#run?.slotMsPerMessage, slots: this.#maxConcurrency };
  }

  #state(): ConsumerState {
    if (this.#run === undefined) {
      return 'stopped';
    }
    if (this.#stopping !== undefined) {
      return 'stopping';
    }
    return this.#isPaused ? 'paused' : 'running';
  }
}

const nothing: Doing = { running: 0, waiting: 0, settling: 0, polls: 0 };

const nothingToStop: StopReport = {
  isClean: true,
  tookMs: 0,
  acked: 0,
  retried: 0,
  released: 0,
  deadLettered: 0,
  abandoned: [],
  unsettled: 0,
};
