import type { ErrorCode, FailureOutcome } from '@sqskit/core';
import { type Answer, acceptedEntry } from './scripted-server.ts';

export interface Expected {
  readonly code: ErrorCode;
  readonly outcome: FailureOutcome;
  readonly retryable: boolean;
  readonly throttled: boolean;
}

export function expected(
  code: ErrorCode,
  outcome: FailureOutcome,
  ...traits: ('retryable' | 'throttled')[]
): Expected {
  return { code, outcome, retryable: traits.includes('retryable'), throttled: traits.includes('throttled') };
}

/** What the service, or the network, may answer a call with, and what the failure is then. */
export const wholeCallFailures: readonly (readonly [what: string, answer: Answer, expected: Expected])[] = [
  [
    'RequestThrottled',
    {
      kind: 'error',
      status: 403,
      type: 'com.amazonaws.sqs#RequestThrottled',
      queryError: 'RequestThrottled;Sender',
    },
    expected('throttled', 'rejected', 'retryable', 'throttled'),
  ],
  [
    'KmsThrottled',
    {
      kind: 'error',
      status: 400,
      type: 'com.amazonaws.sqs#KmsThrottled',
      queryError: 'KMS.ThrottlingException;Sender',
    },
    expected('throttled', 'rejected', 'retryable', 'throttled'),
  ],
  [
    'OverLimit',
    { kind: 'error', status: 403, type: 'com.amazonaws.sqs#OverLimit', queryError: 'OverLimit;Sender' },
    expected('in-flight-limit', 'rejected', 'retryable', 'throttled'),
  ],
  [
    'QueueDoesNotExist',
    { kind: 'error', status: 400, type: 'com.amazonaws.sqs#QueueDoesNotExist' },
    expected('queue-missing', 'rejected'),
  ],
  [
    'QueueDoesNotExist in the form of the older protocol',
    {
      kind: 'error',
      status: 400,
      type: 'com.amazonaws.sqs#QueueDoesNotExist',
      queryError: 'AWS.SimpleQueueService.NonExistentQueue;Sender',
    },
    expected('queue-missing', 'rejected'),
  ],
  [
    'an access denied',
    { kind: 'error', status: 403, type: 'com.amazon.coral.service#AccessDeniedException' },
    expected('access-denied', 'rejected'),
  ],
  [
    'a 500',
    { kind: 'error', status: 500, type: 'com.amazonaws.sqs#InternalFailure' },
    expected('service-error', 'unknown', 'retryable'),
  ],
  [
    'a 503',
    { kind: 'error', status: 503, type: 'com.amazonaws.sqs#ServiceUnavailable' },
    expected('service-error', 'rejected', 'retryable'),
  ],
  [
    "a load balancer's 502",
    { kind: 'text', status: 502, body: '<html>bad gateway</html>' },
    expected('service-error', 'unknown', 'retryable'),
  ],
  [
    'a 200 that is not JSON',
    { kind: 'text', status: 200, body: '<html>hello</html>' },
    expected('response-invalid', 'unknown', 'retryable'),
  ],
  [
    'a reset after the request was written',
    { kind: 'reset' },
    expected('network-error', 'unknown', 'retryable'),
  ],
  ['half an answer', { kind: 'half' }, expected('network-error', 'unknown', 'retryable')],
  [
    'bodies that arrived damaged',
    {
      kind: 'json',
      body: { Successful: ['0', '1'].map((Id) => acceptedEntry({ Id, MessageBody: 'damaged' })) },
    },
    expected('response-invalid', 'unknown', 'retryable'),
  ],
];
