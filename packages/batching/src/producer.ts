import type { Queue, Sender } from '@sqskit/core';
import { resolveOptions } from '@sqskit/core/options';
import { parseQueueUrl } from '@sqskit/core/queue-url';
import { BatchingProducer } from './batching-producer.ts';
import type { ProducerStats } from './books.ts';
import { checkDeadline, optionError } from './intake.ts';
import { type ProducerOptions, producerOptionRules } from './producer-options.ts';

/** A `Sender` of one queue. */
export interface Producer<T> extends Sender<T> {
  stats(): ProducerStats;
}

/**
 * A producer for one queue. Single messages are gathered into batches; batches go out in parallel; entries that failed
 * are tried again alone, until the message's deadline. Throws `option-invalid` and `queue-url-invalid`.
 */
export function createProducer<T>(queue: Queue, options?: ProducerOptions<T>): Producer<T> {
  if (typeof queue?.sendBatch !== 'function') {
    throw optionError('queue', queue, 'a Queue, such as createSqsQueue(client, queueUrl) makes');
  }
  const { fifo, name } = parseQueueUrl(queue.url);
  const resolved = resolveOptions('createProducer', producerOptionRules, options);
  if (options?.deadlineMs !== undefined) {
    checkDeadline(resolved.deadlineMs, fifo);
  }
  if (resolved.idPrefix !== undefined) {
    checkPrefix(resolved.idPrefix);
  }
  return new BatchingProducer(queue, fifo, name, resolved);
}

function checkPrefix(idPrefix: string): void {
  if (!/^[!-~]+$/.test(idPrefix)) {
    throw optionError('idPrefix', idPrefix, 'ASCII letters, digits and punctuation marks');
  }
}
