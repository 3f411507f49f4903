import { createHash } from 'node:crypto';
import { QueueError, sqsLimits } from '@sqskit/core';
import type { Clock } from '@sqskit/core/clock';
import { clockRule, type OptionRules, type Resolved, resolveOptions } from '@sqskit/core/options';
import { parseQueueUrl } from '@sqskit/core/queue-url';
import type { Random } from '@sqskit/core/retry';
import type { FaultPlan } from '../faults/fault.ts';
import type { FakeQueue } from './fake-queue.ts';

export interface FakeQueueOptions {
  /** Where time comes from. Default: the machine's clock; give a fake clock to run in virtual time. */
  readonly clock?: Clock | undefined;
  /** Given, a standard queue hands out its visible messages in random order. Default: none, in order of acceptance. */
  readonly random?: Random | undefined;
  /** Default: `https://sqs.us-east-1.amazonaws.com/123456789012/fake`, or `…/fake.fifo`. Message ids depend on it. */
  readonly url?: string | undefined;
  /** Whether it is a FIFO queue. Default: whether `url` ends in `.fifo`. */
  readonly fifo?: boolean | undefined;
  /** FIFO queues only: deduplicate by a hash of the body where no id is given. Default: false. */
  readonly contentBasedDeduplication?: boolean | undefined;
  /** The queue's visibility timeout, rounded up to seconds. Default: 30,000 ms, as in SQS. */
  readonly visibilityTimeoutMs?: number | undefined;
  /** The queue's delay, rounded up to seconds. Default: 0 ms. */
  readonly delayMs?: number | undefined;
  /** The queue's `MaximumMessageSize`. Default: 1,048,576 bytes, as in SQS. */
  readonly maxMessageBytes?: number | undefined;
  /**
   * What fails with a message beyond `maxMessageBytes`. Default: `entry`, as localstack#8570 shows of AWS; `call`, with
   * `BatchRequestTooLong`, as floci#894 reports.
   */
  readonly oversized?: 'entry' | 'call' | undefined;
  /** Where messages go that were received `maxReceiveCount` times. A fake queue with another url. Default: none. */
  readonly deadLetterQueue?: FakeQueue | undefined;
  /** Receives before a message goes to `deadLetterQueue`. Default: 10. */
  readonly maxReceiveCount?: number | undefined;
  /**
   * Most messages in flight at a time. At that many a short poll of a standard queue fails with `OverLimit`, and any other
   * gets nothing. Default: 120,000, as in SQS.
   */
  readonly maxInFlight?: number | undefined;
  /** How long a call takes: half before it has its effect and half after. Default: 0 ms. */
  readonly latencyMs?: number | undefined;
  /** What goes wrong. Default: nothing. */
  readonly faults?: FaultPlan | undefined;
  /** Whether `calls`, `accepted`, `deleted` and `deadLettered` are kept. Default: true; false for long runs. */
  readonly history?: boolean | undefined;
}

type Unset = 'random' | 'url' | 'fifo' | 'deadLetterQueue' | 'faults';

export const fakeQueueRules: OptionRules<FakeQueueOptions, Unset> = {
  clock: clockRule('Where time comes from; give a fake clock to run in virtual time.'),
  random: {
    kind: 'function',
    shown: 'none: order of acceptance',
    doc: 'Given, a standard queue hands out its visible messages in random order.',
  },
  url: {
    kind: 'text',
    maxLength: 2_000,
    doc: 'The queue URL; message ids depend on it. Default: `https://sqs.us-east-1.amazonaws.com/123456789012/fake`, or `…/fake.fifo`.',
  },
  fifo: {
    kind: 'boolean',
    doc: 'Whether it is a FIFO queue. Default: whether `url` ends in `.fifo`.',
  },
  contentBasedDeduplication: {
    kind: 'boolean',
    default: false,
    doc: 'FIFO queues only: deduplicate by a hash of the body where no id is given.',
  },
  visibilityTimeoutMs: {
    kind: 'number',
    default: sqsLimits.defaultVisibilityTimeoutMs,
    min: 0,
    max: sqsLimits.maxVisibilityTimeoutMs,
    unit: 'ms',
    doc: "The queue's visibility timeout, rounded up to seconds.",
  },
  delayMs: {
    kind: 'number',
    default: 0,
    min: 0,
    max: sqsLimits.maxDelayMs,
    unit: 'ms',
    doc: "The queue's delay, rounded up to seconds.",
  },
  maxMessageBytes: {
    kind: 'number',
    default: sqsLimits.maxMessageBytes,
    min: sqsLimits.minMaxMessageBytes,
    max: sqsLimits.maxMessageBytes,
    unit: 'bytes',
    doc: "The queue's `MaximumMessageSize`.",
  },
  oversized: {
    kind: 'choice',
    default: 'entry',
    values: ['entry', 'call'],
    doc: 'What fails with a message beyond `maxMessageBytes`: it alone, or its call with `BatchRequestTooLong`. AWS is reported to do either.',
  },
  deadLetterQueue: {
    kind: 'object',
    methods: ['sendBatch', 'receive', 'messages'],
    what: 'a fake queue with another url',
    doc: 'Where messages go that were received `maxReceiveCount` times.',
  },
  maxReceiveCount: {
    kind: 'number',
    default: 10,
    min: 1,
    max: 1_000,
    doc: 'Receives before a message goes to `deadLetterQueue`.',
  },
  maxInFlight: {
    kind: 'number',
    default: 120_000,
    min: 1,
    max: 120_000,
    doc: 'Most messages in flight at a time. At that many a short poll of a standard queue fails with `OverLimit`, and any other gets nothing.',
  },
  latencyMs: {
    kind: 'number',
    default: 0,
    min: 0,
    max: 3_600_000,
    unit: 'ms',
    fractional: true,
    doc: 'How long a call takes: half before it has its effect and half after.',
  },
  faults: {
    kind: 'object',
    methods: ['next'],
    what: 'a fault plan',
    doc: 'What goes wrong: see `createFaultPlan` and `scriptedFaults`.',
  },
  history: {
    kind: 'boolean',
    default: true,
    doc: 'Whether `calls`, `accepted`, `deleted` and `deadLettered` are kept; false for long runs.',
  },
};

export type FakeQueueSettings = Omit<Resolved<FakeQueueOptions, Unset>, 'url' | 'fifo'> & {
  readonly url: string;
  readonly fifo: boolean;
  /** Eight hexadecimal digits of the url's hash. */
  readonly idPrefix: string;
};

/** Validates the options and fills in what depends on others. Throws `option-invalid` and `queue-url-invalid`. */
export function resolveFakeQueue(options: FakeQueueOptions): FakeQueueSettings {
  const resolved = resolveOptions('createFakeQueue', fakeQueueRules, options);
  const named = resolved.fifo === true ? 'fake.fifo' : 'fake';
  const url = resolved.url ?? `https://sqs.us-east-1.amazonaws.com/123456789012/${named}`;
  const address = parseQueueUrl(url);
  const { fifo = address.fifo, deadLetterQueue } = resolved;
  if (fifo !== address.fifo) {
    throw wrongUrl('url', url, fifo ? 'a url that ends in .fifo' : 'a url that does not end in .fifo');
  }
  if (deadLetterQueue?.url === url) {
    throw wrongUrl('deadLetterQueue', deadLetterQueue.url, 'a fake queue with another url');
  }
  const idPrefix = createHash('sha256').update(url).digest('hex').slice(0, 8);
  return { ...resolved, url, fifo, idPrefix };
}

function wrongUrl(option: string, received: string, expected: string): QueueError<'option-invalid'> {
  const message = `createFakeQueue: expected \`${option}\` to be ${expected}, received '${received}'`;
  return new QueueError('option-invalid', message, { option, received, expected });
}
