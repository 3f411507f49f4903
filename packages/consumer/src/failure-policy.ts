import { ack, type IncomingMessage, retry, type Verdict } from '@sqskit/core';
import type { Random } from '@sqskit/core/retry';

/** A message that failed. `body` is `undefined` where it could not be read: `decode-failed`. */
export interface FailedMessage<T> extends Omit<IncomingMessage<T>, 'body'> {
  readonly body: T | undefined;
}

/**
 * Decides what becomes of a message whose handler threw `error`, or that could not be read (`decode-failed`), at its
 * `receiveCount`th receive. The message keeps its slot and its lease until then. One that throws or rejects, or gives no
 * verdict, counts as `retry()`.
 */
export type FailurePolicy<T> = (
  error: unknown,
  message: FailedMessage<T>,
  receiveCount: number,
) => Verdict | Promise<Verdict>;

/** The default: everything is retried, a little later each time; the queue's redrive policy ends it. */
export const retryAlways: FailurePolicy<unknown> = () => retry();

export interface RetryDelayOptions {
  readonly retryBaseMs: number;
  readonly retryMaxMs: number;
  readonly random: Random;
}

/** SQS counts visibility in whole seconds, and 0 would be a hot loop that burns the message's receives. */
const shortestRetryMs = 1_000;

/**
 * How long a message that was received `receiveCount` times stays invisible before it is tried again: exponential with
 * full jitter, and never less than a second.
 */
export function retryDelayMs(receiveCount: number, options: RetryDelayOptions): number {
  const { retryBaseMs, retryMaxMs, random } = options;
  const boundMs = Math.min(retryMaxMs, retryBaseMs * 2 ** Math.max(0, receiveCount - 1));
  return Math.max(shortestRetryMs, random() * boundMs);
}

/**
 * The verdict on an SQS message that is settled as a whole, from those on what is in it. The most cautious wins: it is
 * deleted when all of it is done.
 */
export function combineVerdicts(verdicts: readonly Verdict[]): Verdict {
  const [first, ...others] = verdicts;
  return others.reduce((one, other) => moreCautious(one, other), first ?? ack());
}

function moreCautious(one: Verdict, other: Verdict): Verdict {
  if (one.action === 'retry' && other.action === 'retry') {
    return (other.delayMs ?? 0) > (one.delayMs ?? 0) ? other : one;
  }
  return caution[other.action] > caution[one.action] ? other : one;
}

const caution: Readonly<Record<Verdict['action'], number>> = {
  ack: 0,
  'dead-letter': 1,
  release: 2,
  retry: 3,
};

/** Whether the consumer can carry it out: one made by another version of core may say what this one does not know. */
export function isKnown(verdict: Verdict): boolean {
  return Object.hasOwn(caution, verdict.action);
}
