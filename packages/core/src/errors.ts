import { type FailureOutcome, QueueError, type ServiceFailure } from './queue-error.ts';

/** The codes of `QueueError` for failures that the service reported. */
export type ServiceErrorCode =
  | 'throttled'
  | 'in-flight-limit'
  | 'access-denied'
  | 'queue-missing'
  | 'receipt-handle-invalid'
  | 'batch-too-large'
  | 'service-error';

/** What an AWS error code means for the one who made the call. */
export interface ServiceErrorClass {
  readonly code: ServiceErrorCode;
  readonly retryable: boolean;
  readonly throttled: boolean;
  readonly outcome: FailureOutcome;
}

/** A failure as the service reported it, for a whole call or for one entry of a batch. */
export interface ServiceReport extends ServiceFailure {
  readonly message: string | undefined;
  /** `SenderFault` of a failed batch entry; `undefined` for a call that failed as a whole. */
  readonly senderFault?: boolean | undefined;
  readonly cause?: unknown;
}

// Sources: https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/CommonErrors.html and the "Errors"
// section of each SQS action. The SDK retries RequestThrottled but neither KmsThrottled nor OverLimit.
const throttles = [
  'RequestThrottled',
  'RequestThrottledException',
  'Throttling',
  'ThrottlingException',
  'ThrottledException',
  'KmsThrottled',
  'KMS.ThrottlingException',
  'TooManyRequestsException',
  'RequestLimitExceeded',
  'SlowDown',
];
const inFlightLimits = ['OverLimit'];
const denials = [
  'AccessDenied',
  'AccessDeniedException',
  'AuthFailure',
  'IncompleteSignature',
  'InvalidClientTokenId',
  'InvalidSecurity',
  'InvalidSignatureException',
  'KmsAccessDenied',
  'KmsDisabled',
  'KmsInvalidKeyUsage',
  'KmsInvalidState',
  'KmsNotFound',
  'KmsOptInRequired',
  // The same six in the form of the older query protocol, which still appears in `x-amzn-query-error`.
  'KMS.AccessDeniedException',
  'KMS.DisabledException',
  'KMS.InvalidKeyUsageException',
  'KMS.InvalidStateException',
  'KMS.NotFoundException',
  'KMS.OptInRequired',
  'MissingAuthenticationToken',
  'NotAuthorized',
  'OptInRequired',
  'SignatureDoesNotMatch',
  'UnrecognizedClientException',
];
// The SDK refreshes credentials and corrects its clock from the response, so the next attempt may well succeed. Nor does a
// credentials endpoint that does not answer stay so: CredentialsProviderError is also what the SDK says then.
const passingDenials = [
  'CredentialsProviderError',
  'ExpiredToken',
  'ExpiredTokenException',
  'RequestExpired',
  'RequestInTheFuture',
  'RequestTimeTooSkewed',
];
const missingQueues = ['QueueDoesNotExist', 'NonExistentQueue', 'QueueDeletedRecently'];
const staleHandles = ['ReceiptHandleIsInvalid', 'MessageNotInflight'];
const oversizedBatches = ['BatchRequestTooLong'];
// The service gave up waiting for the rest of the request.
const requestTimeouts = ['RequestTimeout', 'RequestTimeoutException'];

const classes = new Map<string, ServiceErrorClass>();

function define(
  awsCodes: readonly string[],
  code: ServiceErrorCode,
  retryable: boolean,
  throttled = false,
): void {
  for (const awsCode of awsCodes) {
    classes.set(awsCode, { code, retryable, throttled, outcome: 'rejected' });
  }
}

define(throttles, 'throttled', true, true);
define(inFlightLimits, 'in-flight-limit', true, true);
define(denials, 'access-denied', false);
define(passingDenials, 'access-denied', true);
define(missingQueues, 'queue-missing', false);
define(staleHandles, 'receipt-handle-invalid', false);
define(oversizedBatches, 'batch-too-large', false);
define(requestTimeouts, 'service-error', true);

/** `com.amazonaws.sqs#QueueDoesNotExist` and `AWS.SimpleQueueService.NonExistentQueue` without their prefixes. */
export function bareAwsCode(awsCode: string): string {
  return awsCode.slice(awsCode.indexOf('#') + 1).replace(/^AWS\.SimpleQueueService\./, '');
}

/** Decides what a failure reported by the service means. Pure; knows nothing of any SDK. */
export function classifyServiceError(
  report: Pick<ServiceReport, 'awsCode' | 'httpStatus' | 'senderFault'>,
): ServiceErrorClass {
  const known = classes.get(bareAwsCode(report.awsCode));
  if (known !== undefined) {
    return known;
  }
  if (report.httpStatus === 429) {
    return { code: 'throttled', retryable: true, throttled: true, outcome: 'rejected' };
  }
  if (report.httpStatus === 408) {
    return { code: 'service-error', retryable: true, throttled: false, outcome: 'rejected' };
  }
  if (report.senderFault !== undefined) {
    // One entry of a batch that was answered: SQS says it did not take this one.
    return { code: 'service-error', retryable: !report.senderFault, throttled: false, outcome: 'rejected' };
  }
  // A call that failed as a whole with a 5xx may have been carried out; 503 says that it was not begun.
  const serverSide = report.httpStatus === undefined || report.httpStatus >= 500;
  const unknown = serverSide && report.httpStatus !== 503;
  return {
    code: 'service-error',
    retryable: serverSide,
    throttled: false,
    outcome: unknown ? 'unknown' : 'rejected',
  };
}

/** The `QueueError` of a failure reported by the service. */
export function serviceError(report: ServiceReport): QueueError<ServiceErrorCode> {
  const { code, retryable, throttled, outcome } = classifyServiceError(report);
  const { operation, awsCode, httpStatus, requestId, message, cause } = report;
  return new QueueError<ServiceErrorCode>(
    code,
    `${operation} failed with ${awsCode}${message === undefined ? '' : `: ${message}`}`,
    { operation, awsCode, httpStatus, requestId },
    { retryable, throttled, outcome, cause },
  );
}
