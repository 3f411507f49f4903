import type { Failure, Logger, Sealed, Sent } from '@sqskit/core';

/**
 * Removes what sealing left elsewhere of a message that was certainly not accepted. Nobody waits for it: what comes of
 * the message does not depend on it. A failure is logged.
 */
export async function discardUnlessSent(
  sealed: Sealed,
  outcome: Sent | Failure,
  logger: Logger,
): Promise<void> {
  if (outcome.ok || outcome.error.outcome !== 'rejected') {
    return;
  }
  try {
    await sealed.discard?.();
  } catch (reason) {
    logger.warn('what the envelope left elsewhere could not be removed', { reason });
  }
}
