import { type Queue, QueueError } from '@sqskit/core';
import { show } from '@sqskit/core/options';
import type { MemoryBounds } from './memory.ts';

const verbs = ['receive', 'deleteBatch', 'changeVisibilityBatch'] as const;

/** Throws `option-invalid` for what is no queue that messages can be received from. */
export function assertQueue(owner: string, queue: unknown): asserts queue is Queue {
  const isQueue =
    typeof queue === 'object' &&
    queue !== null &&
    verbs.every((verb) => typeof Reflect.get(queue, verb) === 'function');
  if (!isQueue) {
    throw wrongArgument(owner, 'queue', queue, `a queue (with ${verbs.join(', ')})`);
  }
}

export function assertHandler(owner: string, handler: unknown): void {
  if (typeof handler !== 'function') {
    throw wrongArgument(owner, 'handler', handler, 'a function');
  }
}

/** A queue that is its own dead-letter queue would hand out its dead letters for ever. */
export function assertOtherQueue(
  owner: string,
  queue: Pick<Queue, 'url'>,
  deadLetterQueue: Queue | undefined,
): void {
  if (deadLetterQueue?.url === queue.url) {
    throw wrongArgument(owner, 'deadLetterQueue', queue.url, 'another queue');
  }
}

/** Each queue is polled at any time, for at least one message. */
export function assertRoomForEach(
  owner: string,
  queues: number,
  { maxBytes, maxMessageBytes }: MemoryBounds,
): void {
  if (maxBytes < queues * maxMessageBytes) {
    throw wrongArgument(
      owner,
      'maxBytes',
      maxBytes,
      `at least \`maxMessageBytes\` (${maxMessageBytes}) for each queue`,
    );
  }
}

function wrongArgument(
  owner: string,
  option: string,
  received: unknown,
  expected: string,
): QueueError<'option-invalid'> {
  const message = `${owner}: expected \`${option}\` to be ${expected}, received ${show(received)}`;
  return new QueueError('option-invalid', message, { option, received, expected });
}
