import { isQueueError, QueueError } from '@sqskit/core';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { callFailure } from '../src/call-failure.ts';

// Shapes of errors that the SDK's own handler and Node produce, and that loopback cannot.
const context = { operation: 'SendMessageBatch', signal: undefined };

function nodeError(code: string, syscall?: string, name = 'Error'): Error {
  return Object.assign(new Error(`${syscall ?? 'read'} ${code}`), { code, syscall, name });
}

describe("errors of the network, from the SDK's own handler", () => {
  test.each([
    ['ENOTFOUND', 'getaddrinfo'],
    ['EAI_AGAIN', 'getaddrinfo'],
    ['ECONNREFUSED', 'connect'],
    ['EHOSTUNREACH', 'connect'],
    ['ENETUNREACH', 'connect'],
    ['ECONNRESET', 'connect'],
    ['EMFILE', 'connect'],
  ])('%s of %s happened before anything was written', (code, syscall) => {
    expect(callFailure(nodeError(code, syscall), context)).toMatchObject({
      code: 'network-error',
      details: { operation: 'SendMessageBatch', reason: code },
      outcome: 'rejected',
      retryable: true,
    });
  });

  test.each([['ECONNRESET'], ['EPIPE'], ['ERR_STREAM_PREMATURE_CLOSE']])(
    '%s may have happened after',
    (code) => {
      expect(callFailure(nodeError(code, 'read', 'TimeoutError'), context)).toMatchObject({
        code: 'network-error',
        outcome: 'unknown',
        retryable: true,
      });
    },
  );

  test.each([
    ['EHOSTUNREACH', 'read'],
    ['ENETUNREACH', 'write'],
    ['ECONNREFUSED', 'read'],
  ])('%s of %s, on a connection long made, was taken for one that was never made', (code, syscall) => {
    expect(callFailure(nodeError(code, syscall), context)).toMatchObject({
      code: 'network-error',
      outcome: 'unknown',
      retryable: true,
    });
  });

  test.each([
    ['ERR_INVALID_CHAR'],
    ['ERR_INVALID_ARG_TYPE'],
    ['ERR_OSSL_EVP_UNSUPPORTED'],
    ['MODULE_NOT_FOUND'],
  ])('%s, which is no failure of the network, was taken for one and repeated', (code) => {
    const error = Object.assign(new TypeError('Invalid character in header content'), { code });
    expect(callFailure(error, context)).toMatchObject({ code: 'unexpected', retryable: false, cause: error });
  });

  test.each([
    ['HPE_INVALID_CONSTANT'],
    ['EPROTO'],
    ['EAI_FAIL'],
    ['ERR_SOCKET_CONNECTION_TIMEOUT'],
    ['UND_ERR_SOCKET'],
  ])('%s is of the network', (code) => {
    expect(callFailure(nodeError(code), context)).toMatchObject({ code: 'network-error', retryable: true });
  });

  test('all addresses of a host failed to connect', () => {
    const error = new AggregateError([
      nodeError('ECONNREFUSED', 'connect'),
      nodeError('ECONNREFUSED', 'connect'),
    ]);
    expect(callFailure(error, context)).toMatchObject({ code: 'network-error', outcome: 'rejected' });
  });

  test.each([
    ['DEPTH_ZERO_SELF_SIGNED_CERT'],
    ['CERT_HAS_EXPIRED'],
    ['UNABLE_TO_VERIFY_LEAF_SIGNATURE'],
    ['ERR_TLS_CERT_ALTNAME_INVALID'],
  ])('%s is not worth repeating', (code) => {
    expect(callFailure(nodeError(code), context)).toMatchObject({
      code: 'network-error',
      outcome: 'rejected',
      retryable: false,
    });
  });
});

describe("time-outs of the SDK's own handler", () => {
  const named = (message: string, more: object = {}): Error =>
    Object.assign(new Error(message), { name: 'TimeoutError', ...more });

  test.each([
    ['Socket timed out without establishing a connection within 300 ms'], // 3.521
    [
      'the request socket did not establish a connection with the server within the configured timeout of 300 ms.',
    ],
  ])('while connecting: %s', (message) => {
    expect(callFailure(named(message), context)).toMatchObject({
      code: 'timeout',
      details: { operation: 'SendMessageBatch', timeoutMs: 300 },
      outcome: 'rejected',
      retryable: true,
    });
  });

  test('of the kernel, while connecting', () => {
    const error = named('connect ETIMEDOUT 10.0.0.1:443', { code: 'ETIMEDOUT', syscall: 'connect' });
    expect(callFailure(error, context)).toMatchObject({ code: 'timeout', outcome: 'rejected' });
  });

  test.each([
    ['Connection timed out after 300 ms', {}], // 3.521
    ['[ERROR] a request has exceeded the configured 300 ms requestTimeout.', { code: 'ETIMEDOUT' }],
  ])('for an answer: %s', (message, more) => {
    expect(callFailure(named(message, more), context)).toMatchObject({
      code: 'timeout',
      details: { timeoutMs: 300 },
      outcome: 'unknown',
      retryable: true,
    });
  });
});

describe('what the SDK finds out by itself', () => {
  test.each([
    ['CredentialsProviderError', 'Could not load credentials from any providers'],
    ['TokenProviderError', 'Token is expired'],
    ['Error', 'Credential is missing'],
    ['Error', 'Resolved credential object is not valid'],
  ])('%s: %s', (name, message) => {
    const error = Object.assign(new Error(message), { name });
    expect(callFailure(error, context)).toMatchObject({
      code: 'access-denied',
      details: { awsCode: 'CredentialsProviderError', httpStatus: undefined },
      outcome: 'rejected',
      retryable: true,
      cause: error,
    });
  });

  test('no region', () => {
    expect(callFailure(new Error('Region is missing'), context)).toMatchObject({
      code: 'option-invalid',
      details: { option: 'region' },
      outcome: 'rejected',
    });
  });
});

describe('outcomes', () => {
  test('a QueueError under the error of the SDK is the failure', () => {
    const cause = new QueueError(
      'pool-exhausted',
      'full',
      { maxConnections: 1, maxWaiting: 0 },
      { retryable: true },
    );
    expect(callFailure(new Error('TimeoutError', { cause }), context)).toBe(cause);
    expect(callFailure(cause, context)).toBe(cause);
  });

  test('an answer of the service that came before the abort counts for more than the abort', () => {
    const error = Object.assign(new Error('slow down'), {
      name: 'RequestThrottled',
      $fault: 'client',
      $metadata: { httpStatusCode: 403, requestId: 'r-1', attempts: 1 },
    });
    const signal = AbortSignal.abort();
    expect(callFailure(error, { ...context, signal })).toMatchObject({
      code: 'throttled',
      details: {
        operation: 'SendMessageBatch',
        awsCode: 'RequestThrottled',
        httpStatus: 403,
        requestId: 'r-1',
      },
      outcome: 'rejected',
    });
  });

  test('after more than one attempt of the client nobody knows, whatever the last one says', () => {
    fc.assert(
      fc.property(
        fc.constantFrom('RequestThrottled', 'OverLimit', 'AccessDenied', 'QueueDoesNotExist', 'Surprise'),
        fc.constantFrom(400, 403, 429, 500, 503),
        fc.integer({ min: 1, max: 5 }),
        (name, httpStatusCode, attempts) => {
          const after = (attemptsMade: number | undefined): QueueError =>
            callFailure(
              Object.assign(new Error('no'), {
                name,
                $fault: 'client',
                $metadata: { httpStatusCode, attempts: attemptsMade },
              }),
              context,
            );
          const once = after(undefined);
          const failure = after(attempts);
          expect(failure.outcome).toBe(attempts > 1 ? 'unknown' : once.outcome);
          expect(failure).toMatchObject({
            code: once.code,
            retryable: once.retryable,
            throttled: once.throttled,
          });
        },
      ),
    );
  });

  test('anything at all that is thrown becomes a QueueError that keeps it', () => {
    fc.assert(
      fc.property(fc.anything(), (thrown) => {
        const failure = callFailure(thrown, context);
        expect(isQueueError(failure)).toBe(true);
        expect(Object.is(failure.cause, thrown) || failure.cause === undefined).toBe(true);
      }),
    );
  });
});
