import { type BrokenItem, isVerdict, type OpenedItem, retry, type Verdict } from '@sqskit/core';
import type { Delivery } from './delivery.ts';
import { type FailedMessage, type FailurePolicy, isKnown } from './failure-policy.ts';
import { about } from './incoming-message.ts';
import type { Pack } from './pack.ts';
import type { ReportError } from './report.ts';

/** A message, and what it came in. */
export interface Judged<T> {
  readonly delivery: Delivery;
  readonly pack: Pack;
  readonly item: OpenedItem | BrokenItem;
  readonly message: FailedMessage<T>;
}

/**
 * Decides what becomes of a message: its handler's verdict or, where it failed, the failure policy's; one that is to be
 * retried may have reached its maximum. Neither throws nor rejects.
 */
export interface Judge<T> {
  /** Its handler returned a verdict. */
  said(judged: Judged<T>, verdict: Verdict): Verdict | Promise<Verdict>;
  /** Its handler failed, or it could not be read. */
  failed(judged: Judged<T>, error: unknown): Promise<Verdict>;
}

export interface JudgeOptions<T> {
  readonly failurePolicy: FailurePolicy<T>;
  readonly report: ReportError;
}

export function createJudge<T>({ failurePolicy, report }: JudgeOptions<T>): Judge<T> {
  /** A verdict of another version of core may be one that this one does not know. */
  function known(message: FailedMessage<T>, verdict: Verdict): Verdict {
    if (isKnown(verdict)) {
      return verdict;
    }
    const error = new TypeError(
      `the handler returned a verdict whose action is not known: ${verdict.action}`,
    );
    report(error, about(message, 'handle'));
    return retry();
  }

  async function askPolicy(message: FailedMessage<T>, error: unknown): Promise<Verdict> {
    try {
      const verdict: unknown = await failurePolicy(error, message, message.receiveCount);
      if (isVerdict(verdict) && isKnown(verdict)) {
        return verdict;
      }
      throw new TypeError(`the failure policy returned ${typeof verdict}, not a verdict that is known`);
    } catch (policyError) {
      report(policyError, about(message, 'decide'));
      return retry();
    }
  }

  return {
    said(judged, verdict) {
      const { delivery, message } = judged;
      const decided = known(message, verdict);
      // Whoever abandons a delivery has seen to its message: nothing is to be asked any more, maybe after a stop.
      return delivery.isAbandoned ? decided : withinMaximum(judged, decided);
    },
    async failed(judged, error) {
      return withinMaximum(judged, await askPolicy(judged.message, error));
    },
  };
}

function withinMaximum(
  { delivery, pack, item, message }: Judged<unknown>,
  verdict: Verdict,
): Verdict | Promise<Verdict> {
  return delivery.origin.poison.decide(verdict, message, carries(pack, item));
}

/** Whether SQS's own count of receives does not, or would not after it is sent again, tell all of this message's. */
function carries({ size }: Pack, item: OpenedItem | BrokenItem): boolean {
  return size > 1 || ('content' in item && item.attempt > 0);
}
