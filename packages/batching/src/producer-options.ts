import {
  type Codec,
  type Envelope,
  json,
  type Logger,
  plain,
  type Recorder,
  sqsLimits,
  type Tracing,
  type Undelivered,
} from '@sqskit/core';
import type { Clock } from '@sqskit/core/clock';
import { clockRule, loggerRule, type OptionRules, type Resolved, recorderRule } from '@sqskit/core/options';
import type { Random } from '@sqskit/core/retry';

/**
 * Where a FIFO message without a `deduplicationId` gets one. `message-id`: the message's id, fixed when it is given to
 * `send`, so that no retry is a duplicate. `content`: none is sent, and the queue's content-based deduplication hashes
 * the body.
 */
export type Deduplication = 'message-id' | 'content';

/**
 * FIFO queues: how many messages of a group go in one call. `strict`: one, so that nothing overtakes. `throughput`: as many
 * consecutive ones as fit; where one of them failed and is sent again, later ones of the same call are before it.
 */
export type GroupOrder = 'strict' | 'throughput';

/** FIFO queues: what becomes of a group of which a message has failed. */
export type AfterGroupFailure = 'continue' | 'pause';

export interface ProducerOptions<T> {
  /** Turns bodies into content. Default: JSON. */
  readonly codec?: Codec<T> | undefined;
  /** Turns content into SQS messages; the consumer must be given the same. Default: `plain()`, nothing is done to it. */
  readonly envelope?: Envelope | undefined;
  /** Longest time a message waits for company, in milliseconds. Default: 5, about as long as a call takes. */
  readonly lingerMs?: number | undefined;
  /** Whether messages linger while no call is in flight too: fewer calls at a low rate, but later. Default: false. */
  readonly lingerWhenIdle?: boolean | undefined;
  /** Most entries of a batch, 1 to 10. Default: 10, which SQS allows. */
  readonly maxBatchEntries?: number | undefined;
  /**
   * Most batches in flight, ever; how many there are adapts to round trips and throttles, from 16 on. Never more than the
   * queue's transport carries. Default: 50, a client's connections.
   */
  readonly maxConcurrency?: number | undefined;
  /** Largest message and batch, in bytes. Default: what the queue says at the first send, or else 1 MiB. */
  readonly maxMessageBytes?: number | undefined;
  /** Most messages taken in and not settled yet. Default: 10,000. */
  readonly maxBufferedMessages?: number | undefined;
  /**
   * Most bytes of those in memory: of their content, and 1,024 for each message. One larger message is taken when there is
   * no other. Default: 32 MiB.
   */
  readonly maxBufferedBytes?: number | undefined;
  /** Most messages for which `send` waits while the buffer is full. Default: 10,000. */
  readonly maxWaitingMessages?: number | undefined;
  /** Most bytes of those in memory, counted alike. Default: 32 MiB. */
  readonly maxWaitingBytes?: number | undefined;
  /** How long a message is tried, waiting included, in milliseconds. Default: 120,000; at most 290,000 on a FIFO queue. */
  readonly deadlineMs?: number | undefined;
  /** Upper bound of the first delay before a retry, in milliseconds; it doubles with each. At most `retryMaxMs`. Default: 100. */
  readonly retryBaseMs?: number | undefined;
  /** The same after a throttle. At most `retryMaxMs`. Default: 500, as the AWS SDKs use. */
  readonly retryThrottledBaseMs?: number | undefined;
  /** Upper bound of any delay before a retry, in milliseconds. Default: 20,000. */
  readonly retryMaxMs?: number | undefined;
  /** FIFO queues: how many messages of a group go in one call. Default: `strict`, one. */
  readonly order?: GroupOrder | undefined;
  /**
   * FIFO queues: whether the messages behind one that failed wait until `resumeGroup`, or their own deadlines. Default:
   * `continue`, they do not.
   */
  readonly afterGroupFailure?: AfterGroupFailure | undefined;
  /** FIFO queues: where a message without a deduplication id gets one. Default: `message-id`. */
  readonly deduplication?: Deduplication | undefined;
  /** What the ids of messages without one begin with, before 16 random characters and a counter. Default: nothing. */
  readonly idPrefix?: string | undefined;
  /** Default: the machine's clock. */
  readonly clock?: Clock | undefined;
  /** For jitter and the id prefix. Default: `Math.random`. */
  readonly random?: Random | undefined;
  /** Default: silent. */
  readonly logger?: Logger | undefined;
  /** Adds the trace under way to each message. Default: nothing is added. */
  readonly tracing?: Tracing | undefined;
  /** Given each message that was taken in and finally failed, as `close` lists them: to write it elsewhere. */
  readonly onUndelivered?: ((undelivered: Undelivered<T>) => void) | undefined;
  /** Default: records nothing. */
  readonly recorder?: Recorder | undefined;
}

/** Options that may stay unset. */
type Unset = 'maxMessageBytes' | 'idPrefix' | 'tracing' | 'onUndelivered';

export type ResolvedProducerOptions = Resolved<ProducerOptions<unknown>, Unset>;

/** On a FIFO queue a retry must come before SQS forgets the deduplication id; 10 s are for the call itself. */
export const maxFifoDeadlineMs: number = sqsLimits.deduplicationWindowMs - 10_000;

const unbounded = Number.POSITIVE_INFINITY;
const mebibyte = 1_048_576;

export const producerOptionRules: OptionRules<ProducerOptions<unknown>, Unset> = {
  codec: {
    kind: 'object',
    default: json(),
    methods: ['encode', 'decode'],
    what: 'a codec',
    shown: '`json()`',
    doc: 'Turns bodies into content.',
  },
  envelope: {
    kind: 'object',
    default: plain(),
    methods: ['seal', 'open'],
    what: 'an envelope',
    shown: '`plain()`',
    doc: 'Turns content into SQS messages. The consumer must be given the same.',
  },
  lingerMs: {
    kind: 'number',
    default: 5,
    min: 0,
    max: 60_000,
    unit: 'ms',
    doc: 'Longest time a message waits for company. A full batch leaves at once.',
  },
  lingerWhenIdle: {
    kind: 'boolean',
    default: false,
    doc: 'Whether messages linger while no call is in flight too: fewer calls at a low rate, but later.',
  },
  maxBatchEntries: {
    kind: 'number',
    default: sqsLimits.maxBatchEntries,
    min: 1,
    max: sqsLimits.maxBatchEntries,
    doc: 'Most messages of a batch.',
  },
  maxConcurrency: {
    kind: 'number',
    default: 50,
    min: 1,
    max: 1_000,
    doc: 'Most batches in flight, ever: how many there are adapts to round trips and throttles, from 16 on. Never more than the connections of the queue’s client.',
  },
  maxMessageBytes: {
    kind: 'number',
    min: sqsLimits.minMaxMessageBytes,
    max: sqsLimits.maxMessageBytes,
    unit: 'bytes',
    doc: 'Largest message and batch, attributes included. Unset, the queue is asked at the first send; if it does not say within 5 s, 1 MiB.',
  },
  maxBufferedMessages: {
    kind: 'number',
    default: 10_000,
    min: 1,
    max: unbounded,
    doc: 'Most messages taken in and not settled yet. Beyond, `send` waits and `trySend` returns `undefined`.',
  },
  maxBufferedBytes: {
    kind: 'number',
    default: 32 * mebibyte,
    min: 1,
    max: unbounded,
    unit: 'bytes',
    doc: 'Most bytes of those in memory: of their content, and 1,024 for each message, which is what its objects take. A message larger than this is taken when there is no other.',
  },
  maxWaitingMessages: {
    kind: 'number',
    default: 10_000,
    min: 0,
    max: unbounded,
    doc: 'Most messages for which `send` waits. Beyond, it rejects with `buffer-full`.',
  },
  maxWaitingBytes: {
    kind: 'number',
    default: 32 * mebibyte,
    min: 0,
    max: unbounded,
    unit: 'bytes',
    doc: 'Most bytes of those in memory, counted alike.',
  },
  deadlineMs: {
    kind: 'number',
    default: 120_000,
    min: 1,
    max: sqsLimits.maxVisibilityTimeoutMs,
    unit: 'ms',
    doc: 'How long a message is tried, from `send` on, waiting and retries included. At most 290,000 ms on a FIFO queue: SQS forgets a deduplication id after 5 minutes.',
  },
  retryBaseMs: {
    kind: 'number',
    default: 100,
    min: 1,
    max: 60_000,
    atMost: 'retryMaxMs',
    unit: 'ms',
    doc: 'Upper bound of the first delay before a retry. It doubles with each; the delay is random below it.',
  },
  retryThrottledBaseMs: {
    kind: 'number',
    default: 500,
    min: 1,
    max: 60_000,
    atMost: 'retryMaxMs',
    unit: 'ms',
    doc: 'The same after a throttle.',
  },
  retryMaxMs: {
    kind: 'number',
    default: 20_000,
    min: 1,
    max: 600_000,
    unit: 'ms',
    doc: 'Upper bound of any delay before a retry.',
  },
  order: {
    kind: 'choice',
    default: 'strict',
    values: ['strict', 'throughput'],
    doc: "FIFO queues: one message of a group in a call, or, with `'throughput'`, as many consecutive ones as fit: where one of them failed and is sent again, later ones of that call are before it.",
  },
  afterGroupFailure: {
    kind: 'choice',
    default: 'continue',
    values: ['continue', 'pause'],
    doc: "FIFO queues: whether a group goes on after one of its messages has failed; with `'pause'` those behind it wait for `resumeGroup`, until their own deadlines.",
  },
  deduplication: {
    kind: 'choice',
    default: 'message-id',
    values: ['message-id', 'content'],
    doc: "FIFO queues: a message without a `deduplicationId` is sent with its id as such, so that no retry is a duplicate; `'content'` leaves it to the queue's content-based deduplication.",
  },
  idPrefix: {
    kind: 'text',
    maxLength: 100,
    doc: 'What the ids of messages without one begin with, to recognise them by; 16 random characters and a counter follow.',
  },
  clock: clockRule('Where time comes from.'),
  random: {
    kind: 'function',
    default: Math.random,
    shown: '`Math.random`',
    doc: 'Randomness for jitter and the id prefix.',
  },
  logger: loggerRule('Told what people should know. Never given message bodies.'),
  tracing: {
    kind: 'object',
    methods: ['inject'],
    what: 'a tracing hook',
    doc: 'Adds a trace header or attributes to each message, in the call of `send`. What a message has of its own stays.',
  },
  onUndelivered: {
    kind: 'function',
    doc: 'Given each message that was taken in and finally failed, with its id and error: to write it elsewhere.',
  },
  recorder: recorderRule('Given the metrics listed below.'),
};
