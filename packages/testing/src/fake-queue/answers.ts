import { type Failure, QueueError, type SettleOutcome } from '@sqskit/core';
import { serviceError } from '@sqskit/core/errors';
import type { QueueVerb } from '../faults/fault.ts';
import { operations } from './fake-call.ts';
import type { SettleResult } from './message-store.ts';

/** The error of a call that was answered with one as a whole. */
export function callError(verb: QueueVerb, awsCode: string, httpStatus: number, message: string): QueueError {
  return serviceError({
    operation: operations[verb],
    awsCode,
    httpStatus,
    requestId: undefined,
    message,
  });
}

/** The error of one entry of a call that was answered. */
export function entryError(
  verb: QueueVerb,
  awsCode: string,
  senderFault: boolean,
  message: string,
): QueueError {
  return serviceError({
    operation: operations[verb],
    awsCode,
    httpStatus: 200,
    requestId: undefined,
    message,
    senderFault,
  });
}

/** The failure of an entry for a reason that lies with the sender. */
export function refused(verb: QueueVerb, awsCode: string, message: string): Failure {
  return { ok: false, error: entryError(verb, awsCode, true, message) };
}

/** What a sender that checks makes of an answer whose MD5 is not that of what was sent. */
export function md5Mismatch(): Failure {
  const details = {
    operation: operations.sendBatch,
    expected: 'the MD5 of the body',
    received: 'another',
  };
  const message = 'SendMessageBatch answered with another MD5 than that of the body: a fault of the plan';
  const options = { retryable: true, outcome: 'unknown' } as const;
  return { ok: false, error: new QueueError('response-invalid', message, details, options) };
}

const expired = 'Value for parameter ReceiptHandle is invalid. Reason: The receipt handle has expired.';
const malformed = 'The input receipt handle is invalid.';

/** What a delete is answered with. */
export function deleteOutcome(result: SettleResult, fifo: boolean): SettleOutcome {
  if (result === 'unknown-handle') {
    return refused('deleteBatch', 'ReceiptHandleIsInvalid', malformed);
  }
  // A standard queue answers the delete of a message that was received again with success, and keeps the message.
  return result === 'stale' && fifo ? refused('deleteBatch', 'InvalidParameterValue', expired) : { ok: true };
}

/** What a change of a visibility timeout is answered with. */
export function changeOutcome(result: SettleResult, fifo: boolean): SettleOutcome {
  const verb = 'changeVisibilityBatch';
  switch (result) {
    case 'done':
      return { ok: true };
    case 'unknown-handle':
      return refused(verb, 'ReceiptHandleIsInvalid', malformed);
    case 'gone':
      return refused(
        verb,
        'InvalidParameterValue',
        'Message does not exist or is not available for visibility timeout change.',
      );
    case 'over-12-hours':
      return refused(
        verb,
        'InvalidParameterValue',
        'Total VisibilityTimeout for the message is beyond the limit [43200 seconds].',
      );
    case 'stale':
      return fifo
        ? refused(verb, 'InvalidParameterValue', expired)
        : refused(verb, 'MessageNotInflight', 'The message was received again since.');
    case 'not-in-flight':
      return refused(verb, 'MessageNotInflight', 'The message is not in flight.');
  }
}
