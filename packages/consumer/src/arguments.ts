import type { Queue } from '@sqskit/core';
import { invalidOption } from '@sqskit/core/options';
import type { MemoryBounds } from './memory.ts';

const verbs = ['receive', 'deleteBatch', 'changeVisibilityBatch'] as const;

/** Throws `option-invalid` for what is no queue that messages can be received from. */
export function assertQueue(owner: string, queue: unknown): asserts queue is Queue {
  const isQueue =
    typeof queue === 'object' &&
    queue !== null &&
    verbs.every((verb) => typeof Reflect.get(queue, verb) === 'function');
  if (!isQueue) {
    throw invalidOption(owner, 'queue', queue, `a queue (with ${verbs.join(', ')})`);
  }
}

export function assertHandler(owner: string, handler: unknown): void {
  if (typeof handler !== 'function') {
    throw invalidOption(owner, 'handler', handler, 'a function');
  }
}

/** A queue that is its own dead-letter queue would hand out its dead letters for ever. */
export function assertOtherQueue(
  owner: string,
  queue: Pick<Queue, 'url'>,
  deadLetterQueue: Queue | undefined,
): void {
  if (deadLetterQueue?.url === queue.url) {
    throw invalidOption(owner, 'deadLetterQueue', queue.url, 'another queue');
  }
}

/** Each queue is polled at any time, for at least one message. */
export function assertRoomForEach(
  owner: string,
  queues: number,
  { maxBytes, maxMessageBytes }: MemoryBounds,
): void {
  if (maxBytes < queues * maxMessageBytes) {
    throw invalidOption(
      owner,
      'maxBytes',
      maxBytes,
      `at least \`maxMessageBytes\` (${maxMessageBytes}) for each queue`,
    );
  }
}
