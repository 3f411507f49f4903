import { type FailureOutcome, QueueError } from '@sqskit/core';

/** How far an exchange has come. Nothing has reached the service before `written`. */
export type ExchangePhase = 'waiting' | 'connecting' | 'written';

const phaseInWords: Readonly<Record<ExchangePhase, string>> = {
  waiting: 'no connection was free',
  connecting: 'no connection was made',
  written: 'no complete answer came',
};

/** The error of an exchange whose time is up. */
export function timeoutError(
  operation: string,
  phase: ExchangePhase,
  timeoutMs: number,
): QueueError<'timeout'> {
  return new QueueError(
    'timeout',
    `${operation}: ${phaseInWords[phase]} within ${timeoutMs} ms`,
    { operation, timeoutMs },
    { retryable: true, outcome: phase === 'written' ? 'unknown' : 'rejected' },
  );
}

/** The error of an exchange that undici ended: `rejected` if nothing had been written. */
export function exchangeError(
  error: Error,
  operation: string,
  phase: ExchangePhase,
  connectTimeoutMs: number,
): QueueError {
  const code = errorCode(error);
  if (code === 'UND_ERR_CONNECT_TIMEOUT') {
    return new QueueError(
      'timeout',
      `${operation}: no connection was made within ${connectTimeoutMs} ms`,
      { operation, timeoutMs: connectTimeoutMs },
      { retryable: true, cause: error },
    );
  }
  if (code === 'UND_ERR_DESTROYED' || code === 'UND_ERR_CLOSED') {
    return closedError(phase, error);
  }
  if (code === 'UND_ERR_INVALID_ARG' || code === 'UND_ERR_NOT_SUPPORTED') {
    return invalidRequestError(operation, error);
  }
  const reason = code ?? error.name;
  return networkError(operation, reason, error.message, phase === 'written' ? 'unknown' : 'rejected', error);
}

/** A request that HTTP does not allow: nothing was sent, and it will not be allowed the next time. */
export function invalidRequestError(operation: string, cause: unknown): QueueError<'unexpected'> {
  const text = cause instanceof Error ? cause.message : String(cause);
  return new QueueError('unexpected', `${operation}: ${text}`, { operation }, { cause });
}

// Certificates of an unknown authority, expired, or for another host: trying again does not help.
const untrusted = /CERT|^ERR_(?:TLS|SSL)|SELF_SIGNED|^UNABLE_TO_VERIFY/;
// What the operating system, name resolution, the HTTP parser and streams that broke off say. Every other code, such as
// ERR_INVALID_CHAR, is of a mistake that will be made again.
const broken = /^E(?!RR_)[A-Z0-9_]+$|^HPE_|^UND_ERR_|^ERR_(?:STREAM_|HTTP2_|SOCKET_C)/;

/** Whether a Node error of this code tells of the network. */
export function isNetworkCode(code: string): boolean {
  return broken.test(code) || untrusted.test(code);
}

export function networkError(
  operation: string,
  reason: string,
  message: string,
  outcome: FailureOutcome,
  cause: unknown,
): QueueError<'network-error'> {
  const isTrustMissing = untrusted.test(reason);
  return new QueueError(
    'network-error',
    `${operation}: ${message || reason}`,
    { operation, reason },
    { retryable: !isTrustMissing, outcome: isTrustMissing ? 'rejected' : outcome, cause },
  );
}

export function closedError(phase: ExchangePhase, cause?: unknown): QueueError<'closed'> {
  const what = 'pooledHandler';
  return new QueueError(
    'closed',
    `the ${what} is closed`,
    { what },
    { outcome: phase === 'written' ? 'unknown' : 'rejected', cause },
  );
}

/** `code` of a Node error; of an `AggregateError` (one attempt an address) the first member's. */
export function errorCode(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null) {
    return undefined;
  }
  if ('code' in error && typeof error.code === 'string') {
    return error.code;
  }
  return error instanceof AggregateError ? errorCode(error.errors[0]) : undefined;
}

/**
 * A `QueueError` in the shape that the SDK's own handler gives its errors, so that the SDK retries what it would have
 * retried, and code that looks for `AbortError` finds it. The `QueueError` is the cause.
 */
export function sdkShaped(error: QueueError): Error {
  const shaped = new Error(error.message, { cause: error });
  if (error.code === 'aborted') {
    shaped.name = 'AbortError';
  } else if (error.retryable) {
    shaped.name = 'TimeoutError'; // the one name that every version of the SDK retries
  }
  return shaped;
}
