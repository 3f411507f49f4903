import { show } from './show.ts';

/**
 * What a failure leaves behind: `rejected` is certainly without effect; `unknown` may have taken effect (a time-out
 * after bytes were written, an MD5 mismatch), so repeating it may duplicate.
 */
export type FailureOutcome = 'rejected' | 'unknown';

/** Details of a failure that came back from the service. */
export interface ServiceFailure {
  readonly operation: string;
  /** AWS's error code, such as `RequestThrottled`, `KmsThrottled` or `QueueDoesNotExist`. */
  readonly awsCode: string;
  readonly httpStatus: number | undefined;
  readonly requestId: string | undefined;
}

/** An attempt of a message that failed and was to be followed by another. */
export interface FailedAttempt {
  /** Milliseconds from when the message was taken into a batch's queue until this attempt had failed. */
  readonly afterMs: number;
  readonly code: ErrorCode;
}

/** Codes whose message and cause say it all. */
export type NoDetails = Readonly<Record<string, never>>;

/** Every error code with the details it carries. Codes are stable; messages are not. `docs/errors.md` explains each. */
export interface ErrorDetails {
  'option-invalid': { readonly option: string; readonly received: unknown; readonly expected: string };
  'queue-url-invalid': { readonly received: string; readonly expected: string };
  'region-not-allowed': { readonly region: string; readonly allowed: readonly string[] };
  'region-mismatch': { readonly clientRegion: string; readonly queueRegion: string };
  'batch-invalid': { readonly entries: number; readonly expected: string };
  'message-invalid': { readonly field: string; readonly received: string; readonly expected: string };
  'message-too-large': { readonly bytes: number; readonly maxBytes: number };
  'encode-failed': NoDetails;
  'decode-failed': NoDetails;
  'buffer-full': {
    readonly waitingMessages: number;
    readonly waitingBytes: number;
    readonly maxWaitingMessages: number;
    readonly maxWaitingBytes: number;
  };
  closed: { readonly what: string };
  aborted: NoDetails;
  'deadline-exceeded': {
    readonly attempts: number;
    /** The last 20 that failed, oldest first; `undefined` if none has. */
    readonly history?: readonly FailedAttempt[] | undefined;
  };
  throttled: ServiceFailure;
  'in-flight-limit': ServiceFailure;
  'access-denied': ServiceFailure;
  'queue-missing': ServiceFailure;
  'receipt-handle-invalid': ServiceFailure;
  'batch-too-large': ServiceFailure;
  'service-error': ServiceFailure;
  'network-error': { readonly operation: string; readonly reason: string };
  timeout: { readonly operation: string; readonly timeoutMs: number | undefined };
  'pool-exhausted': { readonly maxConnections: number; readonly maxWaiting: number };
  'response-invalid': { readonly operation: string; readonly expected: string; readonly received: string };
  'lease-lost': { readonly messageId: string };
  'handler-timeout': { readonly messageId: string; readonly timeoutMs: number };
  stopped: { readonly what: string };
  'thread-ended': { readonly file: string };
  'invocation-failed': { readonly failed: number; readonly messages: number };
  unexpected: { readonly operation: string };
  'dead-letter-failed': { readonly messageId: string; readonly reason: string };
  'resend-failed': { readonly messageId: string; readonly messages: number };
}

export type ErrorCode = keyof ErrorDetails;

/** The part of a `QueueError` that its code does not decide. */
export interface QueueErrorOptions {
  /** Whether the same operation may succeed if it is repeated. Default: false. */
  readonly retryable?: boolean | undefined;
  /** Default: `rejected`. */
  readonly outcome?: FailureOutcome | undefined;
  /** Whether the service asked for a slower pace. Default: false. */
  readonly throttled?: boolean | undefined;
  readonly cause?: unknown;
}

const brand: unique symbol = Symbol.for('@sqskit/queue-error');

/** The one error class. Recognise it with `isQueueError`, which also works across two installed copies of core. */
export class QueueError<C extends ErrorCode = ErrorCode> extends Error {
  override readonly name = 'QueueError';
  readonly code: C;
  readonly details: ErrorDetails[C];
  readonly retryable: boolean;
  readonly throttled: boolean;
  readonly outcome: FailureOutcome;

  constructor(code: C, message: string, details: ErrorDetails[C], options: QueueErrorOptions = {}) {
    super(`[${code}] ${message}`, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.details = details;
    this.retryable = options.retryable ?? false;
    this.throttled = options.throttled ?? false;
    this.outcome = options.outcome ?? 'rejected';
  }
}

// On the prototype, not on each error: it costs nothing per error and does not show when one is printed.
Object.defineProperty(QueueError.prototype, brand, { value: true });

/** Whether `error` is a `QueueError`, and of this code if one is given. Narrows `details` to that code's. */
export function isQueueError(error: unknown): error is QueueError;
export function isQueueError<C extends ErrorCode>(error: unknown, code: C): error is QueueError<C>;
export function isQueueError(error: unknown, code?: ErrorCode): boolean {
  return (
    typeof error === 'object' &&
    error !== null &&
    brand in error &&
    (code === undefined || ('code' in error && error.code === code))
  );
}

/** The error of a call ended by its signal: the signal's reason is the `cause`. */
export function abortedError(
  signal: { readonly reason?: unknown },
  outcome: FailureOutcome = 'rejected',
): QueueError<'aborted'> {
  return new QueueError('aborted', 'the call was ended by its signal', {}, { outcome, cause: signal.reason });
}

/** `reason` itself if it is a `QueueError`; anything else becomes the `cause` of an `unexpected` one. */
export function toQueueError(reason: unknown, operation: string): QueueError {
  if (isQueueError(reason)) {
    return reason;
  }
  return new QueueError(
    'unexpected',
    `${operation} failed: ${messageOf(reason)}`,
    { operation },
    { outcome: 'unknown', cause: reason },
  );
}

// By shape, not by `instanceof`: an error may come from another realm, and anything can be thrown.
function messageOf(reason: unknown): string {
  const hasMessage = typeof reason === 'object' && reason !== null && 'message' in reason;
  return hasMessage && typeof reason.message === 'string' ? reason.message : show(reason);
}
