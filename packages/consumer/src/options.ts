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
import { clockRule, loggerRule, type OptionRules, type Resolved, recorderRule } from '@sqskit/core/options';
import type { Random } from '@sqskit/core/retry';
import type { HandlerConcurrencyOptions } from './adaptive-concurrency.ts';
import type { Admit } from './admission.ts';
import type { BreakerOptions } from './breaker-options.ts';
import { type FailurePolicy, retryAlways } from './failure-policy.ts';
import type { OnError } from './report.ts';
import type { AdaptiveVisibilityOptions } from './visibility.ts';

export interface ConsumerOptions<T> {
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
   * Has the number of slots, up to `maxConcurrency`, follow what they bring: as many as handlers gain from, and fewer while
   * what they call is overloaded or the event loop is late. Default: none, there are `maxConcurrency`.
   */
  readonly adaptiveConcurrency?: HandlerConcurrencyOptions | undefined;
  /**
   * Most handlers at a time for messages of one group (`MessageGroupId`) of a standard queue, so that one tenant does not
   * have all slots. A hard limit, also where only one group has messages. Default: none. FIFO queues ignore it: there it
   * is one.
   */
  readonly maxConcurrencyPerGroup?: number | undefined;
  /**
   * Messages held ready beyond the slots, so that none is idle while the next are fetched. Default: 10. With 0 every free
   * slot asks for its own message: lowest latency, most calls.
   */
  readonly prefetch?: number | undefined;
  /**
   * Most bytes of messages in hand. Default: 134,217,728 (128 MiB): ten polls for ten messages of the largest size, and
   * 28 MiB to run. Before each receive it is kept free for the messages asked for, `maxMessageBytes` each.
   */
  readonly maxBytes?: number | undefined;
  /**
   * The largest message that is expected. Default: 1,048,576 bytes, the largest that SQS takes. The smaller, the more may
   * be asked for at a time under `maxBytes`; larger ones that come all the same may exceed it.
   */
  readonly maxMessageBytes?: number | undefined;
  /**
   * Asked before each receive how many of the messages wanted may be received now: back-pressure of the application's own.
   * Default: all of them.
   */
  readonly admit?: Admit | undefined;
  /** Long-poll wait. Default: 20,000 ms, the longest: an idle consumer makes three calls a minute. */
  readonly waitTimeMs?: number | undefined;
  /**
   * The lease: how long SQS keeps a message from others at a time. Default: 30,000 ms. Renewed at half time for as long as
   * the message is in hand, so it decides how soon a crashed consumer's messages come again, not how long a handler may take.
   */
  readonly visibilityTimeoutMs?: number | undefined;
  /**
   * Has the lease follow how long messages were in hand of late, so that a crash's messages come again soon and hardly any
   * lease is renewed. Default: none, `visibilityTimeoutMs` is asked for.
   */
  readonly adaptiveVisibility?: AdaptiveVisibilityOptions | undefined;
  /**
   * How long a handler may run. Default: none. After it the handler's signal aborts with `handler-timeout`; its slot and its
   * lease are kept until it really ends, and then its message has failed, unless it returned a verdict.
   */
  readonly handlerTimeoutMs?: number | undefined;
  /** Most polls at a time under load. Default: 10; each asks for ten messages where there is room for them. An idle queue has one. */
  readonly maxPollers?: number | undefined;
  /** How long a delete or a visibility change waits for company. Default: 20 ms. Not used on FIFO queues, where the next of the group waits. */
  readonly settleLingerMs?: number | undefined;
  /** Upper bound of the first retry's delay, doubled with each receive. Default: 1,000 ms; never less than a second is waited. */
  readonly retryBaseMs?: number | undefined;
  /** Upper bound of any retry's delay. Default: 900,000 ms (15 min). */
  readonly retryMaxMs?: number | undefined;
  /**
   * Stops receiving while handlers fail whatever their message, as when what they need is down, so that messages do not use
   * up their receives. Default: none.
   */
  readonly breaker?: BreakerOptions | undefined;
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

export interface StopOptions {
  /**
   * How long stopping may take. Default: 30,000 ms. The last fifth, at most a second, is kept for giving back what is still
   * in hand then.
   */
  readonly timeoutMs?: number | undefined;
  /**
   * What becomes of the messages that run. Default: `finish`, their handlers may end. With `release` the handlers are told
   * to end at once, and after half a second at most the messages are released.
   */
  readonly mode?: StopMode | undefined;
}

export type StopMode = 'finish' | 'release';

export type ConsumerUnset =
  | 'adaptiveConcurrency'
  | 'adaptiveVisibility'
  | 'admit'
  | 'breaker'
  | 'deadLetterQueue'
  | 'handlerTimeoutMs'
  | 'maxConcurrencyPerGroup'
  | 'maxReceiveCount';

export type ResolvedConsumerOptions<T> = Resolved<ConsumerOptions<T>, ConsumerUnset>;

/** What a run goes by; it is given those that have options of their own already resolved. */
export type RunSettings<T> = Omit<ResolvedConsumerOptions<T>, 'adaptiveConcurrency' | 'breaker'>;

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
export function consumerRules<T>(): OptionRules<ConsumerOptions<T>, ConsumerUnset> {
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
    adaptiveConcurrency: {
      kind: 'object',
      methods: [],
      what: 'an object of options',
      doc: 'Has the number of slots, up to `maxConcurrency`, follow what they bring: as many as handlers gain from, and fewer while what they call is overloaded or the event loop is late.',
    },
    maxConcurrencyPerGroup: {
      kind: 'number',
      min: 1,
      max: maxInHand,
      doc: 'Most handlers at a time for messages of one group of a standard queue: a hard limit, also where only one group has messages. FIFO queues ignore it: there it is one.',
    },
    prefetch: {
      kind: 'number',
      default: 10,
      min: 0,
      max: maxInHand,
      doc: 'Messages held ready beyond the slots, so that none is idle while the next are fetched. With 0 every free slot asks for its own message: least waiting, most calls.',
    },
    maxBytes: {
      kind: 'number',
      default: 134_217_728,
      min: 1_024,
      max: 1_099_511_627_776,
      unit: 'bytes',
      doc: 'Most bytes of messages in hand. Kept free before each receive for the messages asked for, `maxMessageBytes` each. The default (128 MiB) has room for ten polls for ten of the largest messages.',
    },
    maxMessageBytes: {
      kind: 'number',
      default: sqsLimits.maxMessageBytes,
      min: 1_024,
      max: sqsLimits.maxMessageBytes,
      unit: 'bytes',
      doc: 'The largest message that is expected. The smaller, the more may be asked for at a time under `maxBytes`; larger ones that come all the same may exceed it.',
    },
    admit: {
      kind: 'function',
      shown: 'all that is wanted',
      doc: '`(wanted, { signal }) => number | Promise<number>`: asked before each receive how many SQS messages may be received now. After 0, or a failure, it is asked again in a second.',
    },
    waitTimeMs: {
      kind: 'number',
      default: sqsLimits.maxWaitTimeMs,
      min: 0,
      max: sqsLimits.maxWaitTimeMs,
      unit: 'ms',
      doc: 'Long-poll wait. The longest is the cheapest: an idle consumer makes three calls a minute. Shorter ones make `stop` quicker on an idle queue.',
    },
    visibilityTimeoutMs: {
      kind: 'number',
      default: sqsLimits.defaultVisibilityTimeoutMs,
      min: 1_000,
      max: sqsLimits.maxVisibilityTimeoutMs,
      unit: 'ms',
      doc: "The lease. Renewed at half time while a message is in hand: it decides how soon a crashed consumer's messages come again, not how long a handler may take.",
    },
    adaptiveVisibility: {
      kind: 'object',
      methods: [],
      what: 'an object of options',
      doc: "Has the lease follow how long messages were in hand of late: a crash's messages come again soon, and hardly any lease is renewed.",
    },
    handlerTimeoutMs: {
      kind: 'number',
      min: 1,
      max: sqsLimits.maxVisibilityTimeoutMs,
      unit: 'ms',
      doc: 'How long a handler may run. After it its signal aborts; its slot and its lease are kept until it really ends, and then its message has failed, unless it returned a verdict.',
    },
    maxPollers: {
      kind: 'number',
      default: 10,
      min: 1,
      max: 100,
      doc: 'Most polls at a time under load, each for ten messages where there is room for them. An idle queue has one.',
    },
    settleLingerMs: {
      kind: 'number',
      default: 20,
      min: 0,
      max: 10_000,
      unit: 'ms',
      doc: 'How long a delete or a visibility change waits for company. Not used on FIFO queues, where the next of the group waits for it.',
    },
    retryBaseMs: {
      kind: 'number',
      default: 1_000,
      min: 1,
      max: sqsLimits.maxVisibilityTimeoutMs,
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
    breaker: {
      kind: 'object',
      methods: [],
      what: 'an object of options',
      doc: 'Stops receiving while handlers fail whatever their message, as when what they need is down, so that messages do not use up their receives.',
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

export const stopRules: OptionRules<StopOptions> = {
  timeoutMs: {
    kind: 'number',
    default: 30_000,
    min: 0,
    max: sqsLimits.maxVisibilityTimeoutMs,
    unit: 'ms',
    doc: 'How long stopping may take. The last fifth, at most a second, is kept for giving back what is still in hand then.',
  },
  mode: {
    kind: 'choice',
    default: 'finish',
    values: ['finish', 'release'],
    doc: 'What becomes of the messages that run: their handlers may finish, or are told to end at once and their messages released within half a second.',
  },
};
