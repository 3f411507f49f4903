import type { Queue, Sender } from '@sqskit/core';
import { guardedLogger, guardedRecorder } from '@sqskit/core/callbacks';
import { invalidOption, resolveOptions } from '@sqskit/core/options';
import { parseQueueUrl } from '@sqskit/core/queue-url';
import { BatchingProducer } from './batching-producer.ts';
import type { ProducerStats } from './books.ts';
import { checkDeadline } from './intake.ts';
import {
  type ProducerOptions,
  producerOptionRules,
  type ResolvedProducerOptions,
} from './producer-options.ts';

const owner = 'createProducer';

/** A `Sender` of one queue. */
export interface Producer<T> extends Sender<T> {
  stats(): ProducerStats;
  /** FIFO queues: the groups that wait since a message of theirs has failed. Only where `afterGroupFailure` is `pause`. */
  pausedGroups(): readonly string[];
  /** Lets this group go on, or all of them. */
  resumeGroup(groupId?: string): void;
}

/**
 * A producer for one queue. Single messages are gathered into batches; batches go out in parallel; entries that failed
 * are tried again alone, until the message's deadline. Throws `option-invalid` and `queue-url-invalid`.
 */
export function createProducer<T>(queue: Queue, options?: ProducerOptions<T>): Producer<T> {
  if (typeof queue?.sendBatch !== 'function') {
    throw invalidOption(owner, 'queue', queue, 'a Queue, such as createSqsQueue(client, queueUrl) makes');
  }
  const { fifo, name } = parseQueueUrl(queue.url);
  const resolved = resolveProducerOptions(options);
  if (options?.deadlineMs !== undefined) {
    checkDeadline(owner, resolved.deadlineMs, fifo);
  }
  if (resolved.idPrefix !== undefined) {
    checkPrefix(resolved.idPrefix);
  }
  return new BatchingProducer(queue, fifo, name, resolved);
}

/** The user's logger and recorder are guarded: what they throw must not keep a message from being settled. */
function resolveProducerOptions<T>(options: ProducerOptions<T> | undefined): ResolvedProducerOptions {
  // A callback is only ever given back what `send` was given: messages of T.
  const given = options as ProducerOptions<unknown> | undefined;
  const resolved = resolveOptions(owner, producerOptionRules, given);
  const { logger, recorder } = resolved;
  return { ...resolved, logger: guardedLogger(logger), recorder: guardedRecorder(recorder) };
}

function checkPrefix(idPrefix: string): void {
  if (!/^[!-~]+$/.test(idPrefix)) {
    throw invalidOption(owner, 'idPrefix', idPrefix, 'ASCII letters, digits and punctuation marks');
  }
}
