import type { Queue } from '@sqskit/core';
import { resolveOptions } from '@sqskit/core/options';
import { parseQueueUrl } from '@sqskit/core/queue-url';
import { assertOtherQueue, assertQueue, assertRoomForEach } from './arguments.ts';
import type { StreamMessage } from './gatherer.ts';
import { iterate } from './loop.ts';
import { type BatchesOptions, batchesRules } from './loop-options.ts';

/**
 * The messages of a queue, many at a time, for `for await`: as many as come within a window, of one receive or of
 * hundreds. Receives only while the loop waits; leases are kept while it gathers and while the body runs. Leaving the loop
 * gives back what was fetched and stops. Throws `option-invalid` and `queue-url-invalid` at once.
 */
export function batches<T>(
  queue: Queue,
  options?: BatchesOptions<T>,
): AsyncGenerator<readonly StreamMessage<T>[], void, undefined> {
  assertQueue('batches', queue);
  const settings = resolveOptions('batches', batchesRules<T>(), options);
  const { deadLetterQueue, maxMessages, maxWaitMs, signal, stopTimeoutMs } = settings;
  assertOtherQueue('batches', queue, deadLetterQueue);
  assertRoomForEach('batches', 1, settings);
  parseQueueUrl(queue.url);
  return iterate(
    {
      queue,
      settings: {
        ...settings,
        maxConcurrency: maxMessages,
        maxConcurrencyPerGroup: undefined,
        prefetch: 0,
        handlerTimeoutMs: undefined,
      },
      maxMessages,
      maxWaitMs,
      signal,
      stopTimeoutMs,
      keepsOrder: true,
    },
    (messages) => messages,
  );
}
