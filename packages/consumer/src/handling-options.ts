import {
  type Codec,
  type Envelope,
  json,
  type Logger,
  plain,
  type Queue,
  type Recorder,
  sqsLimits,
} from '@sqskit/core';
import type { Clock } from '@sqskit/core/clock';
import { clockRule, loggerRule, type OptionRules, recorderRule } from '@sqskit/core/options';
import type { Random } from '@sqskit/core/retry';
import { type FailurePolicy, retryAlways } from './failure-policy.ts';
import type { OnError } from './report.ts';

/** What messages are handled by, whether they are polled for or come in an event of Lambda. */
export interface HandlingOptions<T> {
  /** How a content becomes a value. Default: JSON. The producer's. */
  readonly codec?: Codec<T> | undefined;
  /**
   * How an SQS message is opened, and messages of a pack are sealed to be sent again. Default: plain, one content to a
   * message. The producer's.
   */
  readonly envelope?: Envelope | undefined;
  /** Most handlers at a time. Default: 10. A slot is refilled as soon as its handler ends. */
  readonly maxConcurrency?: number | undefined;
  /**
   * How long a handler may run. Default: none. After it the handler's signal aborts with `handler-timeout`; its slot and its
   * lease are kept until it really ends, and then its message has failed, unless it returned a verdict.
   */
  readonly handlerTimeoutMs?: number | undefined;
  /**
   * Upper bound of the first retry's delay, doubled with each receive. At most `retryMaxMs`. Default: 1,000 ms; never less
   * than a second is waited.
   */
  readonly retryBaseMs?: number | undefined;
  /** Upper bound of any retry's delay. Default: 900,000 ms (15 min). */
  readonly retryMaxMs?: number | undefined;
  /** What becomes of a message whose handler threw, or that cannot be decoded. Default: retried after the back-off. */
  readonly failurePolicy?: FailurePolicy<T> | undefined;
  /** Where `deadLetter(reason)` moves messages. Default: none: they stay, for the queue's own redrive policy. */
  readonly deadLetterQueue?: Queue | undefined;
  /**
   * Receives after which a message that would be retried goes to `deadLetterQueue`. Default: none, SQS's redrive policy
   * sees to it; but for what is in packs, of which SQS does not count the receives, the maximum of that policy.
   */
  readonly maxReceiveCount?: number | undefined;
  /** Told of everything that fails. What it throws, or rejects with, is caught. Default: nobody. */
  readonly onError?: OnError | undefined;
  /** Where warnings go; never bodies or receipt handles. Default: nowhere. */
  readonly logger?: Logger | undefined;
  /** Where measurements go. Default: nowhere, at no cost. */
  readonly recorder?: Recorder | undefined;
  /** Where time comes from. Default: the machine's clock. */
  readonly clock?: Clock | undefined;
  /** The source of jitter. Default: `Math.random`. */
  readonly random?: Random | undefined;
}

export type HandlingUnset = 'deadLetterQueue' | 'handlerTimeoutMs' | 'maxReceiveCount';

export const maxInHand = 100_000; // SQS lets about 120,000 messages of a queue be in flight

/** What `setMaxConcurrency` takes. */
export const concurrencyRules: OptionRules<{ readonly maxConcurrency?: number | undefined }> = {
  maxConcurrency: {
    kind: 'number',
    default: 10,
    min: 1,
    max: maxInHand,
    doc: 'Most handlers at a time. A slot is refilled as soon as its handler ends. `consumer.setMaxConcurrency(n)` changes it at any time.',
  },
};

/** The rules are the same for every `T`; only the types of codec and policy differ. */
export function handlingRules<T>(): OptionRules<HandlingOptions<T>, HandlingUnset> {
  return {
    codec: {
      kind: 'object',
      default: json<T>(),
      shown: '`json()`',
      methods: ['decode'],
      what: 'a codec',
      doc: "How a content becomes a value: the producer's.",
    },
    envelope: {
      kind: 'object',
      default: plain(),
      shown: '`plain()`',
      methods: ['open', 'seal'],
      what: 'an envelope',
      doc: "How an SQS message is opened, and messages of a pack are sealed to be sent again: the producer's.",
    },
    ...concurrencyRules,
    handlerTimeoutMs: {
      kind: 'number',
      min: 1,
      max: sqsLimits.maxVisibilityTimeoutMs,
      unit: 'ms',
      doc: 'How long a handler may run. After it its signal aborts; its slot and its lease are kept until it really ends, and then its message has failed, unless it returned a verdict.',
    },
    retryBaseMs: {
      kind: 'number',
      default: 1_000,
      min: 1,
      max: sqsLimits.maxVisibilityTimeoutMs,
      atMost: 'retryMaxMs',
      unit: 'ms',
      doc: "Upper bound of the first retry's delay, doubled with each receive; the delay is random below it, and never under a second.",
    },
    retryMaxMs: {
      kind: 'number',
      default: 900_000,
      min: 1_000,
      max: sqsLimits.maxVisibilityTimeoutMs,
      unit: 'ms',
      doc: "Upper bound of any retry's delay.",
    },
    failurePolicy: {
      kind: 'function',
      default: retryAlways,
      shown: '`() => retry()`',
      doc: '`(error, message, receiveCount) => Verdict | Promise<Verdict>`: what becomes of a message whose handler threw, or that cannot be decoded.',
    },
    deadLetterQueue: {
      kind: 'object',
      methods: ['sendBatch'],
      what: 'a queue',
      doc: "Where `deadLetter(reason)` moves messages. Without, they stay for the queue's own redrive policy.",
    },
    maxReceiveCount: {
      kind: 'number',
      min: 1,
      max: 1_000,
      doc: "Receives after which a message that would be retried goes to `deadLetterQueue`. Without, the queue's redrive policy ends it; what is in packs is moved at that policy's maximum, which the consumer asks for when it needs it.",
    },
    onError: {
      kind: 'function',
      default: () => undefined,
      shown: 'nobody',
      doc: '`(error, { during, queueUrl, messageId })`: told of everything that fails. What it throws, or rejects with, is caught.',
    },
    logger: loggerRule('Where warnings go; never bodies or receipt handles.'),
    recorder: recorderRule('Where measurements go.'),
    clock: clockRule('Where time comes from.'),
    random: {
      kind: 'function',
      default: Math.random,
      shown: '`Math.random`',
      doc: 'The source of jitter.',
    },
  };
}
