import type { Sender } from './sender.ts';

/**
 * A handler that returns, or throws, only once all that was sent is settled: for AWS Lambda, which freezes the process
 * between invocations, buffered messages and timers included.
 */
export function flushAfter<A extends readonly unknown[], R>(
  sender: Pick<Sender<never>, 'flush'>,
  handler: (...given: A) => R | Promise<R>,
): (...given: A) => Promise<R> {
  return async (...given) => {
    try {
      return await handler(...given);
    } finally {
      await sender.flush();
    }
  };
}
