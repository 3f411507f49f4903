import { type Logger, type Queue, sqsLimits, toQueueError } from '@sqskit/core';
import type { Clock } from '@sqskit/core/clock';

const answerWithinMs = 5_000;

export interface SizeLimitSource {
  readonly queue: Pick<Queue, 'url' | 'describe'>;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Ends the question. */
  readonly signal: AbortSignal;
}

/**
 * The size of the queue's largest message. 1 MiB, SQS's own limit, if the queue does not say so within 5 s: a producer
 * may lack the permission sqs:GetQueueAttributes. Never rejects.
 */
export async function askSizeLimit({ queue, clock, logger, signal }: SizeLimitSource): Promise<number> {
  const asking = new AbortController();
  const stop = (): void => asking.abort(signal.reason);
  signal.addEventListener('abort', stop, { once: true });
  const timer = clock.setTimer(
    () => asking.abort(new Error(`no answer within ${answerWithinMs} ms`)),
    answerWithinMs,
    { keepAlive: true },
  );
  try {
    const { maxMessageBytes } = await Promise.race([
      queue.describe({ signal: asking.signal }),
      rejection(asking.signal),
    ]);
    if (!(maxMessageBytes > 0)) {
      throw new RangeError(`expected a size in bytes, received ${maxMessageBytes}`);
    }
    return Math.min(maxMessageBytes, sqsLimits.maxMessageBytes);
  } catch (reason) {
    if (!signal.aborted) {
      const { message } = toQueueError(reason, 'describe');
      const advice = 'give `maxMessageBytes`, or allow sqs:GetQueueAttributes';
      const { maxMessageBytes } = sqsLimits;
      logger.warn(`the queue did not tell its largest message size; assuming 1 MiB: ${advice}`, {
        queueUrl: queue.url,
        maxMessageBytes,
        reason: message,
      });
    }
    return sqsLimits.maxMessageBytes;
  } finally {
    timer.cancel();
    signal.removeEventListener('abort', stop);
  }
}

function rejection(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
}
