import { deadLetter, type Logger, type Queue, QueueError, toQueueError, type Verdict } from '@sqskit/core';
import type { Clock } from '@sqskit/core/clock';
import type { FailedMessage } from './failure-policy.ts';

export interface PoisonRuleOptions {
  /** Undefined where it cannot be asked. */
  readonly queue: Pick<Queue, 'url' | 'describe'> | undefined;
  readonly deadLetterQueue: Queue | undefined;
  /** Default: that of the queue's redrive policy, for messages that carry a count of their own. */
  readonly maxReceiveCount: number | undefined;
  readonly clock: Clock;
  readonly logger: Logger;
}

/**
 * What a message that would be retried becomes where it has been received as often as the queue allows. SQS counts the
 * receives of an SQS message: of one that was sent again alone from a pack it does not know the ones before.
 */
export interface PoisonRule {
  /** `carries`: whether the message has a count of its own, or would have when it is sent again. */
  decide(verdict: Verdict, message: FailedMessage<unknown>, carries: boolean): Verdict | Promise<Verdict>;
  /** Ends a question under way. */
  close(): void;
}

const answerWithinMs = 5_000;
/** After a question that failed and may succeed: no other before this time is over. */
const askAgainAfterMs = 60_000;

export function createPoisonRule(options: PoisonRuleOptions): PoisonRule {
  const { queue, deadLetterQueue, maxReceiveCount, clock, logger } = options;
  let answer: Promise<number> | undefined;
  let asking: AbortController | undefined;
  let askAgainAt = Number.POSITIVE_INFINITY;
  let hasWarned = false;

  /** Asked once: the first time that it is needed. Infinity where there is no maximum, or it is not known. */
  function maximum(of: Pick<Queue, 'url' | 'describe'>): Promise<number> {
    if (answer === undefined || clock.monotonic() >= askAgainAt) {
      askAgainAt = Number.POSITIVE_INFINITY;
      answer = ask(of);
    }
    return answer;
  }

  async function ask(of: Pick<Queue, 'url' | 'describe'>): Promise<number> {
    const controller = new AbortController();
    const { signal } = controller;
    const timer = clock.setTimer(() => controller.abort(unanswered()), answerWithinMs);
    asking = controller;
    try {
      const { redrive } = await Promise.race([of.describe({ signal }), rejectOnAbort(signal)]);
      return redrive?.maxReceiveCount ?? Number.POSITIVE_INFINITY;
    } catch (reason) {
      const error = toQueueError(signal.aborted ? signal.reason : reason, 'describe');
      if (error.retryable) {
        askAgainAt = clock.monotonic() + askAgainAfterMs;
      }
      if (error.code !== 'stopped') {
        warn(of.url, error.message);
      }
      return Number.POSITIVE_INFINITY;
    } finally {
      timer.cancel();
    }
  }

  function warn(queueUrl: string, reason: string): void {
    if (!hasWarned) {
      hasWarned = true;
      const advice = 'give `maxReceiveCount`, or allow sqs:GetQueueAttributes';
      logger.warn(`the queue did not tell its redrive policy; messages of packs are left to it: ${advice}`, {
        queueUrl,
        reason,
      });
    }
  }

  function within(limit: number, verdict: Verdict, { receiveCount }: FailedMessage<unknown>): Verdict {
    return receiveCount < limit
      ? verdict
      : deadLetter(`received ${receiveCount} times, as often as the queue allows`);
  }

  return {
    decide(verdict, message, carries) {
      if (verdict.action !== 'retry' || deadLetterQueue === undefined) {
        return verdict;
      }
      if (maxReceiveCount !== undefined) {
        return within(maxReceiveCount, verdict, message);
      }
      return carries && queue !== undefined
        ? maximum(queue).then((limit) => within(limit, verdict, message))
        : verdict;
    },
    close() {
      asking?.abort(new QueueError('stopped', 'the consumer is stopping', { what: 'question' }));
    },
  };
}

function unanswered(): QueueError<'timeout'> {
  return new QueueError(
    'timeout',
    `no answer within ${answerWithinMs} ms`,
    { operation: 'describe', timeoutMs: answerWithinMs },
    { retryable: true },
  );
}

function rejectOnAbort(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
}
