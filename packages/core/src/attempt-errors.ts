import type { Failure } from './queue.ts';
import { type FailedAttempt, QueueError } from './queue-error.ts';

/** A batch call that was not answered in time. */
export function timeoutError(timeoutMs: number): QueueError<'timeout'> {
  const message = `the batch call did not answer within ${timeoutMs} ms`;
  const details = { operation: 'batch call', timeoutMs };
  return new QueueError('timeout', message, details, { retryable: true, outcome: 'unknown' });
}

/** What is made of an answer that says nothing of an entry. */
export function missingOutcome(): Failure {
  const message = 'the batch call gave no outcome for this entry';
  return {
    ok: false,
    error: new QueueError('unexpected', message, { operation: 'batch call' }, { outcome: 'unknown' }),
  };
}

/** The error of an entry that is given up at its deadline. */
export function deadlineError(entry: {
  readonly attempts: number;
  readonly lastError: QueueError | undefined;
  readonly history?: readonly FailedAttempt[] | undefined;
}): QueueError<'deadline-exceeded'> {
  const { attempts, lastError, history } = entry;
  const when =
    attempts === 0
      ? 'before the first attempt'
      : `after ${attempts} ${attempts === 1 ? 'attempt' : 'attempts'}`;
  const details = history === undefined ? { attempts } : { attempts, history };
  return new QueueError('deadline-exceeded', `gave up at the deadline, ${when}`, details, {
    cause: lastError,
  });
}

/** The same error of an entry that may have taken effect. */
export function asUnknown(error: QueueError): QueueError {
  if (error.outcome === 'unknown') {
    return error;
  }
  const { code, details, throttled, retryable } = error;
  const said = error.message.slice(`[${code}] `.length);
  const message = `${said}; this or an earlier attempt may have taken effect`;
  // The cause goes on: of a call that was aborted, it is the signal's reason.
  const cause = error.cause ?? error;
  return new QueueError(code, message, details, { outcome: 'unknown', throttled, retryable, cause });
}
