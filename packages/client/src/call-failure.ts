import { abortedError, isQueueError, QueueError, toQueueError } from '@sqskit/core';
import { serviceError } from '@sqskit/core/errors';
import { errorCode } from './transport-error.ts';

export interface CallContext {
  readonly operation: string;
  readonly signal: AbortSignal | undefined;
}

/** The parts that matter of what the SDK throws; each may be missing. */
interface SdkError {
  readonly name: string;
  readonly message: string;
  readonly cause: unknown;
  /** The error code of the service's older protocol, such as `KMS.ThrottlingException`. */
  readonly Code: unknown;
  readonly $fault: unknown;
  readonly $metadata: {
    readonly httpStatusCode?: unknown;
    readonly requestId?: unknown;
    readonly attempts?: unknown;
  };
  readonly $response: { readonly statusCode?: unknown };
  readonly syscall: unknown;
}

/** What a call that failed as a whole means, whichever handler the client has. Pure. */
export function callFailure(thrown: unknown, { operation, signal }: CallContext): QueueError {
  const error = thrown as Partial<SdkError> | null | undefined;
  const failure = classify(thrown, error ?? {}, operation, signal);
  const attempts = error?.$metadata?.attempts;
  // The client made attempts of its own, and only the last one's error is known.
  return typeof attempts === 'number' && attempts > 1 ? withOutcomeUnknown(failure) : failure;
}

/** The same failure, of which nobody can say that it had no effect. */
export function withOutcomeUnknown(error: QueueError): QueueError {
  const { code, message, details, retryable, throttled, cause } = error;
  return error.outcome === 'unknown'
    ? error
    : new QueueError(code, message.replace(`[${code}] `, ''), details, {
        retryable,
        throttled,
        outcome: 'unknown',
        cause,
      });
}

function classify(
  thrown: unknown,
  error: Partial<SdkError>,
  operation: string,
  signal: AbortSignal | undefined,
): QueueError {
  const known = isQueueError(thrown) ? thrown : error.cause;
  if (isQueueError(known)) {
    return known.code === 'aborted' && signal?.aborted === true ? abortedError(signal, known.outcome) : known;
  }
  if (signal?.aborted === true) {
    return abortedError(signal, 'unknown');
  }
  return (
    fromService(error, operation) ??
    fromLocalCause(error, operation) ??
    fromNetwork(thrown, error, operation) ??
    toQueueError(thrown, operation)
  );
}

/** An answer that was an error, or that could not be read. */
function fromService(error: Partial<SdkError>, operation: string): QueueError | undefined {
  const httpStatus = numberOr(error.$metadata?.httpStatusCode) ?? numberOr(error.$response?.statusCode);
  if (error.$fault === undefined && httpStatus === undefined) {
    return undefined;
  }
  if (httpStatus !== undefined && httpStatus < 300) {
    return responseInvalid(
      operation,
      "an answer in SQS's JSON protocol",
      error.message ?? 'something else',
      error,
    );
  }
  const requestId = error.$metadata?.requestId;
  return serviceError({
    operation,
    awsCode: error.$fault === undefined ? `HTTP ${httpStatus}` : (error.name ?? 'Unknown'),
    httpStatus,
    requestId: typeof requestId === 'string' ? requestId : undefined,
    message: error.message,
    cause: error,
  });
}

/** What the SDK found out by itself, without or after an answer. */
function fromLocalCause(error: Partial<SdkError>, operation: string): QueueError | undefined {
  const { name = '', message = '' } = error;
  if (message.startsWith('Invalid MD5 checksum')) {
    // Accepted, but not what was sent.
    return responseInvalid(operation, 'the MD5 of each body', message, error);
  }
  if (
    /Credentials?ProviderError|TokenProviderError/.test(name) ||
    /^(Resolved )?[Cc]redential /.test(message)
  ) {
    const awsCode = 'CredentialsProviderError';
    return serviceError({
      operation,
      awsCode,
      httpStatus: undefined,
      requestId: undefined,
      message,
      cause: error,
    });
  }
  if (message === 'Region is missing') {
    const expected = "the name of a region, given to the client or by the SDK's usual chain";
    return new QueueError(
      'option-invalid',
      `${operation}: expected \`region\` to be ${expected}, received undefined`,
      { option: 'region', received: undefined, expected },
      { cause: error },
    );
  }
  return undefined;
}

// Failures of name resolution and of connecting: nothing has been written.
const neverConnected = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH']);

/** Errors of Node's own sockets, as the SDK's own handler lets them through. */
function fromNetwork(thrown: unknown, error: Partial<SdkError>, operation: string): QueueError | undefined {
  const code = errorCode(thrown);
  const { name = '', message = '' } = error;
  if (name === 'TimeoutError' && (code === undefined || code === 'ETIMEDOUT')) {
    const rejected = /establish/.test(message) || error.syscall === 'connect';
    const timeoutMs = numberOr(/(\d+) ?ms/.exec(message)?.[1]);
    return new QueueError(
      'timeout',
      `${operation}: ${message}`,
      { operation, timeoutMs },
      { retryable: true, outcome: rejected ? 'rejected' : 'unknown', cause: thrown },
    );
  }
  if (code === undefined) {
    return undefined;
  }
  const rejected =
    neverConnected.has(code) || error.syscall === 'connect' || /CERT|ERR_TLS|ERR_SSL|SELF_SIGNED/.test(code);
  return new QueueError(
    'network-error',
    `${operation}: ${message || code}`,
    { operation, reason: code },
    { retryable: true, outcome: rejected ? 'rejected' : 'unknown', cause: thrown },
  );
}

/** SQS answered, and the answer says less than it must. */
export function responseInvalid(
  operation: string,
  expected: string,
  received: string,
  cause?: unknown,
): QueueError<'response-invalid'> {
  return new QueueError(
    'response-invalid',
    `${operation}: expected ${expected}, received ${received}`,
    { operation, expected, received },
    { retryable: true, outcome: 'unknown', cause },
  );
}

function numberOr(value: unknown): number | undefined {
  const number = typeof value === 'string' ? Number(value) : value;
  return typeof number === 'number' && Number.isFinite(number) ? number : undefined;
}
