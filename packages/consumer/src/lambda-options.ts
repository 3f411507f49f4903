import type { Queue } from '@sqskit/core';
import type { OptionRules, Resolved } from '@sqskit/core/options';
import { type HandlingOptions, type HandlingUnset, handlingRules } from './handling-options.ts';

export interface LambdaHandlerOptions<T> extends HandlingOptions<T> {
  /**
   * The queue that the events come from: to delay what is to be retried, to make visible at once what is released, and to send again
   * alone what failed of a pack. Default: none, all of which comes again by the queue's visibility timeout.
   */
  readonly queue?: Queue | undefined;
  /**
   * Whether the event source mapping has `ReportBatchItemFailures`. Default: true. Where it has not, Lambda takes every answer for
   * success and deletes what failed: with false the invocation fails if any message did.
   */
  readonly partialResponses?: boolean | undefined;
  /**
   * How long before the end of the invocation handlers are told to end, and nothing new starts. Default: 1,000 ms. Half of it is theirs,
   * the rest is for settling and for the response.
   */
  readonly marginMs?: number | undefined;
}

type Unset = HandlingUnset | 'queue';

export type ResolvedLambdaHandlerOptions<T> = Resolved<LambdaHandlerOptions<T>, Unset>;

/** The rules of what a Lambda handler has that a consumer has not. */
export const ownLambdaRules: OptionRules<
  Omit<LambdaHandlerOptions<unknown>, keyof HandlingOptions<unknown>>,
  'queue'
> = {
  queue: {
    kind: 'object',
    methods: ['sendBatch', 'changeVisibilityBatch', 'describe'],
    what: 'a queue',
    doc: 'The queue that the events come from: to delay what is to be retried, to make visible at once what is released, and to send again alone what failed of a pack. Without, all of these come again by the visibility timeout.',
  },
  partialResponses: {
    kind: 'boolean',
    default: true,
    doc: 'Whether the event source mapping has `ReportBatchItemFailures`. Where it has not, give false: then the invocation fails if any message did.',
  },
  marginMs: {
    kind: 'number',
    default: 1_000,
    min: 0,
    max: 900_000,
    unit: 'ms',
    doc: 'How long before the end of the invocation handlers are told to end, and nothing new starts. Half of it is theirs, the rest is for settling and for the response.',
  },
};

export function lambdaRules<T>(): OptionRules<LambdaHandlerOptions<T>, Unset> {
  return { ...handlingRules<T>(), ...ownLambdaRules };
}
