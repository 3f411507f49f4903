import { abortedError, isQueueError, QueueError, type QueueErrorOptions, toQueueError } from '@sqskit/core';
import { type ServiceReport, serviceError } from '@sqskit/core/errors';
import { withoutReceiptHandles } from './receipt-handle-mask.ts';
import { errorCode, isNetworkCode, networkError } from './transport-error.ts';

export interface CallContext {
  readonly operation: string;
  readonly signal: AbortSignal | undefined;
}

/** The parts that matter of what the SDK throws; each may be missing. */
interface SdkError {
  readonly name: string;
  readonly message: string;
  readonly cause: unknown;
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
  return error.outcome === 'unknown' ? error : altered(error, { outcome: 'unknown' });
}

/** The same failure, with more known of it. */
export function altered(
  error: QueueError,
  traits: Pick<QueueErrorOptions, 'outcome' | 'retryable'>,
): QueueError {
  const { code, message, details, retryable, throttled, outcome, cause } = error;
  return new QueueError(code, message.replace(`[${code}] `, ''), details, {
    retryable,
    throttled,
    outcome,
    cause,
    ...traits,
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
    return known.code === 'aborted' && signal !== undefined ? abortedError(signal, known.outcome) : known;
  }
  if (error.$fault !== undefined) {
    return reported(error, operation, error.name ?? 'Unknown');
  }
  if (signal?.aborted === true) {
    return abortedError(signal, 'unknown');
  }
  return (
    fromNetwork(thrown, error, operation) ??
    fromUnreadableAnswer(error, operation) ??
    fromSdkItself(error, operation) ??
    toQueueError(thrown, operation)
  );
}

/** What SQS said. */
function reported(error: Partial<SdkError>, operation: string, awsCode: string): QueueError {
  const { message } = error;
  const requestId = error.$metadata?.requestId;
  const said = withoutReceiptHandles(message);
  return serviceError({
    operation,
    awsCode,
    httpStatus: statusOf(error),
    requestId: typeof requestId === 'string' ? requestId : undefined,
    message: said,
    cause: said === message ? error : undefined, // the SDK's error repeats the handle, in its stack too
  });
}

/** An answer that is not JSON: somebody in between answered, or SQS was cut short. */
function fromUnreadableAnswer(error: Partial<SdkError>, operation: string): QueueError | undefined {
  const httpStatus = statusOf(error);
  if (httpStatus === undefined) {
    return undefined;
  }
  const requestId = error.$metadata?.requestId;
  return unreadableAnswer({
    operation,
    httpStatus,
    requestId: typeof requestId === 'string' ? requestId : undefined,
    cause: error,
  });
}

/** The failure of a call whose answer is not JSON. */
export function unreadableAnswer({
  operation,
  httpStatus,
  requestId,
  cause,
}: Pick<ServiceReport, 'operation' | 'requestId' | 'cause'> & { readonly httpStatus: number }): QueueError {
  return httpStatus < 300
    ? responseInvalid(operation, 'an answer in JSON', 'something else', cause)
    : serviceError({
        operation,
        awsCode: `HTTP ${httpStatus}`,
        httpStatus,
        requestId,
        message: 'an answer that is not JSON',
        cause,
      });
}

/** What the SDK found out by itself, before it sent anything or after it had the answer. */
function fromSdkItself(error: Partial<SdkError>, operation: string): QueueError | undefined {
  const { name = '', message = '' } = error;
  if (message.startsWith('Invalid MD5 checksum')) {
    return responseInvalid(operation, 'the MD5 of each body', message, error); // accepted, but not what was sent
  }
  if (
    /Credentials?ProviderError|TokenProviderError/.test(name) ||
    /^(?:Resolved )?credential /i.test(message)
  ) {
    return reported(error, operation, 'CredentialsProviderError');
  }
  if (message === 'Region is missing') {
    return misuse('region', "given to the client, or known to the SDK's usual chain", undefined, error);
  }
  if (message.includes('is not found when adding')) {
    const expected = 'one of the installed @aws-sdk/client-sqs, which must be installed once';
    return misuse('client', expected, 'a client of another copy', error);
  }
  return undefined;
}

function misuse(option: string, expected: string, received: string | undefined, cause: unknown): QueueError {
  const message = `expected \`${option}\` to be ${expected}; received ${received}`;
  return new QueueError('option-invalid', message, { option, received, expected }, { cause });
}

// Failures of name resolution and of connecting: nothing has been written. Where the error tells its system call, that
// decides: a socket long established gives EHOSTUNREACH too, from `read`.
const connectingCalls = new Set<unknown>(['connect', 'getaddrinfo']);
const neverConnected = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH']);

function isBeforeConnection(syscall: unknown, reason: string | undefined): boolean {
  return syscall === undefined
    ? reason !== undefined && neverConnected.has(reason)
    : connectingCalls.has(syscall);
}

/** Errors of Node's own sockets, as the SDK's own handler lets them through. */
function fromNetwork(thrown: unknown, error: Partial<SdkError>, operation: string): QueueError | undefined {
  const reason = errorCode(thrown);
  const { name, message = '', syscall } = error;
  const isConnecting = isBeforeConnection(syscall, reason);
  if (name === 'TimeoutError' && (reason === undefined || reason === 'ETIMEDOUT')) {
    return new QueueError(
      'timeout',
      `${operation}: ${message}`,
      { operation, timeoutMs: numberOf(/(\d+) ?ms/.exec(message)?.[1]) },
      {
        retryable: true,
        outcome: isConnecting || /establish/.test(message) ? 'rejected' : 'unknown',
        cause: thrown,
      },
    );
  }
  return reason === undefined || !isNetworkCode(reason)
    ? undefined
    : networkError(operation, reason, firstLine(message), isConnecting ? 'rejected' : 'unknown', thrown);
}

/** Without the hint that the SDK adds to errors, about a hidden field of theirs. */
function firstLine(text: string): string {
  return text.split('\n', 1)[0] ?? '';
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

function statusOf(error: Partial<SdkError>): number | undefined {
  return numberOf(error.$metadata?.httpStatusCode) ?? numberOf(error.$response?.statusCode);
}

function numberOf(value: unknown): number | undefined {
  const number = typeof value === 'string' ? Number(value) : value;
  return typeof number === 'number' && Number.isFinite(number) ? number : undefined;
}
