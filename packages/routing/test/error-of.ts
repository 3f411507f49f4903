import { isQueueError, type QueueError } from '@sqskit/core';

/** The `QueueError` that a call throws; `undefined` if it does not. Anything else that it throws is thrown on. */
export function errorOf(call: () => unknown): QueueError | undefined {
  try {
    call();
  } catch (reason) {
    if (isQueueError(reason)) {
      return reason;
    }
    throw reason;
  }
  return undefined;
}
