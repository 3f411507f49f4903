import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { bareAwsCode, classifyServiceError, serviceError } from '../src/errors.ts';
import { isQueueError } from '../src/queue-error.ts';

const classify = (awsCode: string, httpStatus: number | undefined = 400, senderFault?: boolean) =>
  classifyServiceError({ awsCode, httpStatus, senderFault });

describe('a code that AWS documents', () => {
  test.each([
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
  ])('%s is a throttle', (awsCode) => {
    expect(classify(awsCode)).toEqual({
      code: 'throttled',
      retryable: true,
      throttled: true,
      outcome: 'rejected',
    });
  });

  test('OverLimit is the limit of messages in flight, which passes', () => {
    expect(classify('OverLimit', 403)).toEqual({
      code: 'in-flight-limit',
      retryable: true,
      throttled: true,
      outcome: 'rejected',
    });
  });

  test.each([
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
  ])('%s is a denial for good', (awsCode) => {
    expect(classify(awsCode, 403)).toEqual({
      code: 'access-denied',
      retryable: false,
      throttled: false,
      outcome: 'rejected',
    });
  });

  test.each([
    'CredentialsProviderError',
    'ExpiredToken',
    'ExpiredTokenException',
    'RequestExpired',
    'RequestInTheFuture',
    'RequestTimeTooSkewed',
  ])('%s is a denial that fresh credentials or a corrected clock end', (awsCode) => {
    expect(classify(awsCode, 403)).toMatchObject({ code: 'access-denied', retryable: true });
  });

  test.each([
    'QueueDoesNotExist',
    'com.amazonaws.sqs#QueueDoesNotExist',
    'AWS.SimpleQueueService.NonExistentQueue',
    'AWS.SimpleQueueService.QueueDeletedRecently',
  ])('%s means that there is no such queue', (awsCode) => {
    expect(classify(awsCode)).toMatchObject({ code: 'queue-missing', retryable: false, outcome: 'rejected' });
  });

  test.each(['ReceiptHandleIsInvalid', 'MessageNotInflight', 'AWS.SimpleQueueService.MessageNotInflight'])(
    '%s means that the receipt handle is stale',
    (awsCode) => {
      expect(classify(awsCode)).toMatchObject({ code: 'receipt-handle-invalid', retryable: false });
    },
  );

  test.each(['BatchRequestTooLong', 'AWS.SimpleQueueService.BatchRequestTooLong'])(
    '%s means that the batch is to be cut',
    (awsCode) => {
      expect(classify(awsCode)).toMatchObject({ code: 'batch-too-large', retryable: false });
    },
  );

  test.each(['RequestTimeout', 'RequestTimeoutException'])(
    '%s means that the request did not come in whole, so it may be repeated',
    (awsCode) => {
      expect(classify(awsCode)).toMatchObject({
        code: 'service-error',
        retryable: true,
        outcome: 'rejected',
      });
    },
  );

  test('is known whatever its prefix, status or fault', () => {
    fc.assert(
      fc.property(
        fc.constantFrom('', 'com.amazonaws.sqs#', 'AWS.SimpleQueueService.'),
        fc.option(fc.integer({ min: 400, max: 599 }), { nil: undefined }),
        fc.option(fc.boolean(), { nil: undefined }),
        (prefix, httpStatus, senderFault) => {
          expect(classify(`${prefix}KmsThrottled`, httpStatus, senderFault).code).toBe('throttled');
        },
      ),
    );
  });
});

describe('a code that is not in the table', () => {
  test.each([
    // A batch was answered: SQS says that it did not take this entry, and whose fault it was.
    { httpStatus: 200, senderFault: true, retryable: false, outcome: 'rejected' },
    { httpStatus: 200, senderFault: false, retryable: true, outcome: 'rejected' },
    { httpStatus: 500, senderFault: false, retryable: true, outcome: 'rejected' },
    // The whole call failed.
    { httpStatus: 400, senderFault: undefined, retryable: false, outcome: 'rejected' },
    { httpStatus: 408, senderFault: undefined, retryable: true, outcome: 'rejected' },
    { httpStatus: 499, senderFault: undefined, retryable: false, outcome: 'rejected' },
    { httpStatus: 500, senderFault: undefined, retryable: true, outcome: 'unknown' },
    { httpStatus: 502, senderFault: undefined, retryable: true, outcome: 'unknown' },
    { httpStatus: 503, senderFault: undefined, retryable: true, outcome: 'rejected' },
    { httpStatus: 504, senderFault: undefined, retryable: true, outcome: 'unknown' },
    { httpStatus: undefined, senderFault: undefined, retryable: true, outcome: 'unknown' },
  ] as const)(
    'with status $httpStatus and SenderFault $senderFault: retryable $retryable, $outcome',
    (row) => {
      const { httpStatus, senderFault, ...expected } = row;
      const result = classifyServiceError({ awsCode: 'SomethingNew', httpStatus, senderFault });
      expect(result).toEqual({ code: 'service-error', throttled: false, ...expected });
    },
  );

  test('with status 429 is a throttle, for a call and for an entry', () => {
    for (const senderFault of [undefined, true, false]) {
      expect(classify('SomethingNew', 429, senderFault)).toEqual({
        code: 'throttled',
        retryable: true,
        throttled: true,
        outcome: 'rejected',
      });
    }
  });

  test('is never called rejected where a whole call may have been carried out', () => {
    const status = fc.option(fc.integer({ min: 500, max: 599 }), { nil: undefined });
    fc.assert(
      fc.property(status, (httpStatus) => {
        const { outcome, retryable } = classifyServiceError({ awsCode: 'X', httpStatus });
        expect(retryable).toBe(true);
        expect(outcome).toBe(httpStatus === 503 ? 'rejected' : 'unknown');
      }),
    );
  });
});

test('bareAwsCode leaves a code without a prefix alone', () => {
  expect(bareAwsCode('QueueDoesNotExist')).toBe('QueueDoesNotExist');
  expect(bareAwsCode('KMS.ThrottlingException')).toBe('KMS.ThrottlingException');
});

describe('serviceError', () => {
  const report = {
    operation: 'SendMessageBatch',
    awsCode: 'AWS.SimpleQueueService.NonExistentQueue',
    httpStatus: 400,
    requestId: 'b5293cb5',
    message: 'The specified queue does not exist.',
  };

  test('tells operation, code and what the service said', () => {
    const error = serviceError(report);
    expect(isQueueError(error, 'queue-missing')).toBe(true);
    expect(error.message).toBe(
      '[queue-missing] SendMessageBatch failed with AWS.SimpleQueueService.NonExistentQueue: The specified queue does not exist.',
    );
    const { operation, awsCode, httpStatus, requestId } = report;
    expect(error.details).toEqual({ operation, awsCode, httpStatus, requestId });
  });

  test('does without a message and keeps the cause', () => {
    const cause = new Error('from the SDK');
    const error = serviceError({ ...report, message: undefined, cause });
    expect(error.message).toBe(
      '[queue-missing] SendMessageBatch failed with AWS.SimpleQueueService.NonExistentQueue',
    );
    expect(error.cause).toBe(cause);
  });

  test('carries what its class says', () => {
    expect(serviceError({ ...report, awsCode: 'OverLimit' })).toMatchObject({
      code: 'in-flight-limit',
      retryable: true,
      throttled: true,
      outcome: 'rejected',
    });
    expect(serviceError({ ...report, awsCode: 'InternalError', httpStatus: 500 })).toMatchObject({
      code: 'service-error',
      retryable: true,
      throttled: false,
      outcome: 'unknown',
    });
  });
});
