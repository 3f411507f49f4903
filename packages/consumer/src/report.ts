import type { Logger } from '@sqskit/core';

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

/** Told of every failure. What it throws is caught and logged. */
export type OnError = (error: unknown, context: ErrorContext) => void;

export type ReportError = (error: unknown, context: ErrorContext) => void;

/** Tells the logger and the user's callback of a failure, and survives both. */
export function createReport(onError: OnError, logger: Logger): ReportError {
  return (error, context) => {
    try {
      logger.warn(`failed during ${context.during}`, { ...context, error });
      onError(error, context);
    } catch (callbackError) {
      try {
        logger.error('the onError callback threw', { ...context, error: callbackError });
      } catch {
        // A logger that throws leaves nobody to tell.
      }
    }
  };
}
