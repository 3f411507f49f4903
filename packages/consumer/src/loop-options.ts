import { sqsLimits } from '@sqskit/core';
import type { OptionRules } from '@sqskit/core/options';
import { maxInHand } from './handling-options.ts';
import { type ConsumerOptions, type ConsumerUnset, consumerRules } from './options.ts';
import { stopRules } from './stop-options.ts';

/** What both loops, `stream` and `batches`, have of their own. */
export interface LoopEndOptions {
  /** Ends the loop: what is in hand is finished first. Default: none. */
  readonly signal?: AbortSignal | undefined;
  /** How long leaving the loop may take. Default: 30,000 ms, as `stop`. */
  readonly stopTimeoutMs?: number | undefined;
}

/** What governs how many handlers run: of no use in a loop, which does that itself. */
type Governors = 'adaptiveConcurrency' | 'breaker' | 'maxConcurrency' | 'maxConcurrencyPerGroup';

/** Those of the consumer, but for what makes several handlers run at a time. */
export interface StreamOptions<T>
  extends Omit<ConsumerOptions<T>, Governors | 'maxPollers' | 'prefetch'>,
    LoopEndOptions {
  /** Messages fetched together with the one asked for, and held ready. Default: 9, which fills a receive. */
  readonly prefetch?: number | undefined;
}

/** Those of the consumer, but for what decides how many handlers run, and for how long. */
export interface BatchesOptions<T>
  extends Omit<ConsumerOptions<T>, Governors | 'prefetch' | 'handlerTimeoutMs'>,
    LoopEndOptions {
  /** Most messages in a batch. Default: 100. */
  readonly maxMessages?: number | undefined;
  /**
   * The window: how long the first message of a batch, once the loop waits, waits for others. Default: 1,000 ms. With 0
   * a batch is what one receive brings.
   */
  readonly maxWaitMs?: number | undefined;
}

type StreamUnset = Exclude<ConsumerUnset, Governors> | 'signal';

const loopEndRules: OptionRules<LoopEndOptions, 'signal'> = {
  signal: {
    kind: 'object',
    methods: ['addEventListener', 'removeEventListener'],
    what: 'an AbortSignal',
    doc: 'Ends the loop: what is in hand is finished first.',
  },
  stopTimeoutMs: { ...stopRules.timeoutMs, doc: 'How long leaving the loop may take: see `stop`.' },
};

/** The rules of what a stream has that a consumer has not, or has otherwise. */
export const ownStreamRules: OptionRules<
  Pick<StreamOptions<unknown>, 'prefetch' | keyof LoopEndOptions>,
  'signal'
> = {
  prefetch: {
    kind: 'number',
    default: sqsLimits.maxBatchEntries - 1,
    min: 0,
    max: maxInHand,
    doc: 'Messages fetched together with the one asked for, and held ready. The default fills a receive.',
  },
  ...loopEndRules,
};

export function streamRules<T>(): OptionRules<StreamOptions<T>, StreamUnset> {
  const {
    maxConcurrency: _one,
    maxConcurrencyPerGroup: _noneOfMany,
    maxPollers: _alsoOne,
    breaker: _noneEither,
    adaptiveConcurrency: _norThis,
    ...shared
  } = consumerRules<T>();
  return { ...shared, ...ownStreamRules };
}

type BatchesUnset = Exclude<StreamUnset, 'handlerTimeoutMs'>;

/** The rules of what `batches` has that a consumer has not. */
export const ownBatchesRules: OptionRules<
  Pick<BatchesOptions<unknown>, 'maxMessages' | 'maxWaitMs' | keyof LoopEndOptions>,
  'signal'
> = {
  maxMessages: { kind: 'number', default: 100, min: 1, max: 10_000, doc: 'Most messages in a batch.' },
  maxWaitMs: {
    kind: 'number',
    default: 1_000,
    min: 0,
    max: 300_000,
    unit: 'ms',
    doc: 'The window: how long the first message of a batch, once the loop waits, waits for others. With 0 a batch is what one receive brings.',
  },
  ...loopEndRules,
};

export function batchesRules<T>(): OptionRules<BatchesOptions<T>, BatchesUnset> {
  const {
    maxConcurrency: _asMany,
    maxConcurrencyPerGroup: _noneOfThem,
    breaker: _noneEither,
    adaptiveConcurrency: _norThis,
    prefetch: _none,
    handlerTimeoutMs: _theLoops,
    ...shared
  } = consumerRules<T>();
  return { ...shared, ...ownBatchesRules };
}
