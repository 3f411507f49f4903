import type { Queue } from '@sqskit/core';
import { invalidOption, type OptionRules, resolveOptions } from '@sqskit/core/options';
import { assertOtherQueue, assertQueue } from './arguments.ts';

/** One of the queues of a consumer of several. */
export interface QueueSource {
  readonly queue: Queue;
  /** Of the room, beside the other queues that have messages. Default: 1. */
  readonly weight?: number | undefined;
  /** Where this queue's dead letters go. Default: the consumer's `deadLetterQueue`. */
  readonly deadLetterQueue?: Queue | undefined;
}

type Unset = 'queue' | 'deadLetterQueue';

export const queueSourceRules: OptionRules<Partial<QueueSource>, Unset> = {
  queue: {
    kind: 'object',
    methods: ['receive', 'deleteBatch', 'changeVisibilityBatch'],
    what: 'a queue',
    doc: 'Where messages are received from, and settled.',
  },
  weight: {
    kind: 'number',
    default: 1,
    min: 0.01,
    max: 100,
    fractional: true,
    doc: 'How much of the slots and the prefetch its messages may take while other queues have messages too, beside their weights.',
  },
  deadLetterQueue: {
    kind: 'object',
    methods: ['sendBatch'],
    what: 'a queue',
    shown: "the consumer's",
    doc: "Where this queue's dead letters go.",
  },
};

export interface ResolvedQueueSource {
  readonly queue: Queue;
  readonly weight: number;
  readonly deadLetterQueue: Queue | undefined;
}

/** Throws `option-invalid` for what is neither a queue nor a list of different ones, each by itself or as a source. */
export function resolveQueues(
  owner: string,
  given: Queue | readonly (Queue | QueueSource)[],
  deadLetterQueue: Queue | undefined,
): readonly ResolvedQueueSource[] {
  const list: readonly (Queue | QueueSource)[] = Array.isArray(given) ? given : [given];
  const sources = list.map((one) => resolveSource(owner, one, deadLetterQueue));
  const urls = new Set<string>();
  for (const { queue } of sources) {
    if (urls.has(queue.url)) {
      throw invalidOption(owner, 'queues', queue.url, 'different queues');
    }
    urls.add(queue.url);
  }
  if (sources.length === 0) {
    throw invalidOption(owner, 'queues', given, 'a queue, or a list of at least one');
  }
  return sources;
}

function resolveSource(
  owner: string,
  given: Queue | QueueSource,
  fallback: Queue | undefined,
): ResolvedQueueSource {
  const isSource = typeof given === 'object' && given !== null && 'queue' in given;
  if (!isSource) {
    assertQueue(owner, given);
  }
  const {
    queue,
    weight,
    deadLetterQueue = fallback,
  } = resolveOptions(`${owner}: queue`, queueSourceRules, isSource ? given : { queue: given });
  assertQueue(owner, queue);
  assertOtherQueue(owner, queue, deadLetterQueue);
  return { queue, weight, deadLetterQueue };
}
