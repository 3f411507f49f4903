import { type ErrorCode, type Logger, toQueueError } from '@sqskit/core';
import { callGuarded } from '@sqskit/core/callbacks';

/** What the consumer was doing when something failed. */
export interface ErrorContext {
  /**
   * `receive`: the poll failed and is repeated after a back-off. `admit`: the `admit` option did, and is asked again after
   * a second. `decode`, `handle`: the message goes to the failure
   * policy. `decide`: the failure policy itself failed. `lease`: a lease was lost. `settle`: SQS did not confirm that
   * the message was deleted, given back or moved, so it comes again.
   */
  readonly during: 'receive' | 'admit' | 'decode' | 'handle' | 'decide' | 'lease' | 'settle';
  /** The queue that it is about, but for `admit`. */
  readonly queueUrl?: string | undefined;
  /** SQS's message id, where the failure is about one message. */
  readonly messageId?: string | undefined;
  /** The message's own id, where it has one: which of a pack failed. */
  readonly id?: string | undefined;
}

/** Told of every failure. What it throws, or rejects with, is caught and logged. */
export type OnError = (error: unknown, context: ErrorContext) => void;

export type ReportError = (error: unknown, context: ErrorContext) => void;

/** Tells the logger, which does not throw, and the user's callback of a failure. */
export function createReport(onError: OnError, logger: Logger): ReportError {
  return (error, context) => {
    logger.warn(`failed during ${context.during}`, { ...context, ...loggable(error, context.during) });
    callGuarded(
      () => onError(error, context),
      (failure) =>
        logger.error('the onError callback failed', { ...context, ...loggable(failure, 'onError') }),
    );
  };
}

/** What a log may hold of an error: its cause and its details may hold a message's body or receipt handle. */
function loggable(reason: unknown, operation: string): { readonly code: ErrorCode; readonly error: string } {
  const { code, message } = toQueueError(reason, operation);
  return { code, error: message };
}
