import { sqsLimits } from '@sqskit/core';
import type { OptionRules, Resolved } from '@sqskit/core/options';
import type { HandlerConcurrencyOptions } from './adaptive-concurrency.ts';
import type { Admit } from './admission.ts';
import type { BreakerOptions } from './breaker-options.ts';
import { type HandlingOptions, type HandlingUnset, handlingRules, maxInHand } from './handling-options.ts';
import type { AdaptiveVisibilityOptions } from './visibility.ts';

export interface ConsumerOptions<T> extends HandlingOptions<T> {
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
  /** Most polls at a time under load. Default: 10; each asks for ten messages where there is room for them. An idle queue has one. */
  readonly maxPollers?: number | undefined;
  /** How long a delete or a visibility change waits for company. Default: 20 ms. Not used on FIFO queues, where the next of the group waits. */
  readonly settleLingerMs?: number | undefined;
  /**
   * Stops receiving while handlers fail whatever their message, as when what they need is down, so that messages do not use
   * up their receives. Default: none.
   */
  readonly breaker?: BreakerOptions | undefined;
}

export type ConsumerUnset =
  | HandlingUnset
  | 'adaptiveConcurrency'
  | 'adaptiveVisibility'
  | 'admit'
  | 'breaker'
  | 'maxConcurrencyPerGroup';

export type ResolvedConsumerOptions<T> = Resolved<ConsumerOptions<T>, ConsumerUnset>;

/** What a run goes by; it is given those that have options of their own already resolved. */
export type RunSettings<T> = Omit<ResolvedConsumerOptions<T>, 'adaptiveConcurrency' | 'breaker'>;

/** In the order in which the README shows them. */
export function consumerRules<T>(): OptionRules<ConsumerOptions<T>, ConsumerUnset> {
  const { codec, envelope, maxConcurrency, ...handling } = handlingRules<T>();
  return {
    codec,
    envelope,
    maxConcurrency,
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
    breaker: {
      kind: 'object',
      methods: [],
      what: 'an object of options',
      doc: 'Stops receiving while handlers fail whatever their message, as when what they need is down, so that messages do not use up their receives.',
    },
    ...handling,
  };
}
