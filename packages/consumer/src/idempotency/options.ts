import { type IncomingMessage, sqsLimits } from '@sqskit/core';
import type { Clock } from '@sqskit/core/clock';
import { clockRule, type OptionRules, type Resolved } from '@sqskit/core/options';
import type { IdempotencyStore } from './store.ts';

/** What the layer was asking of the store when that failed. */
export interface IdempotencyErrorContext {
  readonly during: 'claim' | 'renew' | 'complete' | 'release';
  readonly key: string;
  readonly messageId: string;
}

export interface IdempotencyOptions<T> {
  /** Where keys are kept. Default: a memory store of this layer's own, which knows of this process alone. */
  readonly store?: IdempotencyStore | undefined;
  /**
   * What makes two messages the same: a text that is not empty. Default: the message's `id`, which stays the same however
   * often the message is received, in whatever pack it comes, and when it is sent again alone. An envelope that packs,
   * or one in `withIds`, carries the producer's id, which stays the same when the producer tries again; of others it is
   * SQS's message id, which does not: where producers may send a message twice, take a key from its body.
   */
  readonly key?: ((message: IncomingMessage<T>) => string) | undefined;
  /** How long a claim lasts that is not renewed. Default: 30,000 ms. Renewed at half time while the handler runs. */
  readonly leaseMs?: number | undefined;
  /** How long the store may take to answer. Default: 5,000 ms. */
  readonly storeTimeoutMs?: number | undefined;
  /**
   * What becomes of a message whose key could not be claimed because the store failed: `retry` (the default) has it come
   * again after the consumer's back-off, `run` runs it all the same.
   */
  readonly onStoreFailure?: 'retry' | 'run' | undefined;
  /** Told when the store fails. What it throws, or rejects with, is caught. Default: nobody. */
  readonly onError?: ((error: unknown, context: IdempotencyErrorContext) => void) | undefined;
  /** Where time comes from. Default: the machine's clock. */
  readonly clock?: Clock | undefined;
}

type Unset = 'store';

export type ResolvedIdempotencyOptions<T> = Resolved<IdempotencyOptions<T>, Unset>;

export function idempotencyRules<T>(): OptionRules<IdempotencyOptions<T>, Unset> {
  return {
    store: {
      kind: 'object',
      shown: '`memoryStore()`',
      methods: ['claim', 'complete', 'release'],
      what: 'a store',
      doc: 'Where keys are kept. The default knows of this process alone.',
    },
    key: {
      kind: 'function',
      default: ({ id }) => id,
      shown: '`({ id }) => id`',
      doc: '`(message) => string`: what makes two messages the same. Where producers may send a message twice and their envelope carries no ids, take it from the body: SQS gives each its own.',
    },
    leaseMs: {
      kind: 'number',
      default: sqsLimits.defaultVisibilityTimeoutMs,
      min: 1_000,
      max: sqsLimits.maxVisibilityTimeoutMs,
      unit: 'ms',
      doc: "How long a claim lasts that is not renewed, as it is at half time while the handler runs: how soon a message of a process that died may run again. The consumer's `visibilityTimeoutMs` is a good value.",
    },
    storeTimeoutMs: {
      kind: 'number',
      default: 5_000,
      min: 1,
      max: 60_000,
      unit: 'ms',
      doc: 'How long the store may take to answer.',
    },
    onStoreFailure: {
      kind: 'choice',
      default: 'retry',
      values: ['retry', 'run'],
      doc: 'What becomes of a message whose key could not be claimed because the store failed: it comes again after the back-off, or runs all the same.',
    },
    onError: {
      kind: 'function',
      default: () => undefined,
      shown: 'nobody',
      doc: '`(error, { during, key, messageId })`: told when the store fails. What it throws, or rejects with, is caught.',
    },
    clock: clockRule('Where time comes from.'),
  };
}
