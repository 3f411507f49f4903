import type { Queue } from '@sqskit/core';
import { resolveOptions } from '@sqskit/core/options';
import { parseQueueUrl } from '@sqskit/core/queue-url';
import { assertOtherQueue, assertQueue, assertRoomForEach } from './arguments.ts';
import type { StreamMessage } from './gatherer.ts';
import { iterate } from './loop.ts';
import { type StreamOptions, streamRules } from './loop-options.ts';

/**
 * The messages of a queue, one after the other, for `for await`. Receives only while the loop waits for a message;
 * leaving the loop gives back what was fetched and stops. Throws `option-invalid` and `queue-url-invalid` at once.
 */
export function stream<T>(
  queue: Queue,
  options?: StreamOptions<T>,
): AsyncGenerator<StreamMessage<T>, void, undefined> {
  assertQueue('stream', queue);
  const settings = resolveOptions('stream', streamRules<T>(), options);
  const { deadLetterQueue, signal, stopTimeoutMs } = settings;
  assertOtherQueue('stream', queue, deadLetterQueue);
  assertRoomForEach('stream', 1, settings);
  parseQueueUrl(queue.url);
  return iterate(
    {
      queue,
      settings: { ...settings, maxConcurrency: 1, maxConcurrencyPerGroup: undefined, maxPollers: 1 },
      maxMessages: 1,
      maxWaitMs: 0,
      signal,
      stopTimeoutMs,
      keepsOrder: false, // one at a time is in order
    },
    ([message]) => message,
  );
}
