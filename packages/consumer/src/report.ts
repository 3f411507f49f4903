import type { Logger } from '@sqskit/core';
import { callGuarded } from '@sqskit/core/callbacks';

/** What the consumer was doing when something failed. */
export interface ErrorContext {
  /**
   * `receive`: the poll failed and is repeated after a back-off. `decode`, `handle`: the message goes to the failure
   * policy. `decide`: the failure policy itself failed. `lease`: a lease was lost. `settle`: SQS did not confirm that
   * the message was deleted, given back or moved, so it comes again.
   */
  readonly during: 'receive' | 'decode' | 'handle' | 'decide' | 'lease' | 'settle';
  /** SQS's message id, where the failure is about one message. */
  readonly messageId?: string | undefined;
}

/** Told of every failure. What it throws, or rejects with, is caught and logged. */
export type OnError = (error: unknown, context: ErrorContext) => void;

export type ReportError = (error: unknown, context: ErrorContext) => void;

/** Tells the logger, which does not throw, and the user's callback of a failure. */
export function createReport(onError: OnError, logger: Logger): ReportError {
  return (error, context) => {
    logger.warn(`failed during ${context.during}`, { ...context, error });
    callGuarded(
      () => onError(error, context),
      (callbackError) => logger.error('the onError callback failed', { ...context, error: callbackError }),
    );
  };
}
