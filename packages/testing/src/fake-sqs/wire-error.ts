import { isQueueError, type QueueError } from '@sqskit/core';
import { bareAwsCode, serviceError } from '@sqskit/core/errors';

/** An answer of SQS's JSON protocol. */
export interface WireAnswer {
  readonly status: number;
  readonly body: string;
  /** `x-amzn-query-error`: the code that the older query protocol had, which newer SDKs give as `Code`. */
  readonly queryError?: string | undefined;
}

// What the query protocol called them, where that differs. (Smithy model of SQS, `awsQueryError`)
const queryCodes: Readonly<Record<string, string>> = {
  QueueDoesNotExist: 'AWS.SimpleQueueService.NonExistentQueue',
  QueueNameExists: 'QueueAlreadyExists',
  ...Object.fromEntries(
    [
      'BatchEntryIdsNotDistinct',
      'BatchRequestTooLong',
      'EmptyBatchRequest',
      'InvalidBatchEntryId',
      'MessageNotInflight',
      'TooManyEntriesInBatchRequest',
      'UnsupportedOperation',
    ].map((code) => [code, `AWS.SimpleQueueService.${code}`]),
  ),
};

// Not of SQS's own model, but of the framework beneath it.
const frameworkTypes: Readonly<Record<string, string>> = {
  InvalidParameterValue: 'com.amazon.coral.service#InvalidParameterValueException',
  MissingParameter: 'com.amazon.coral.service#MissingRequiredParameterException',
  SerializationException: 'com.amazon.coral.service#SerializationException',
  UnknownOperationException: 'com.amazon.coral.service#UnknownOperationException',
};

/** What SQS says to a request that it refuses as a whole. */
export function refusal(operation: string, awsCode: string, message: string): QueueError {
  return serviceError({ operation, awsCode, httpStatus: 400, requestId: undefined, message });
}

/** The answer to a call that failed as a whole; `undefined` where none ever comes. */
export function errorAnswer(reason: unknown): WireAnswer | undefined {
  if (!isQueueError(reason)) {
    const message = reason instanceof Error ? reason.message : String(reason);
    return answer('InternalFailure', 500, message);
  }
  const report = reportOf(reason);
  if (report !== undefined) {
    // Of one entry it was answered with 200; a call of one message is refused itself.
    return answer(report.awsCode, report.httpStatus === 200 ? 400 : report.httpStatus, messageOf(reason));
  }
  return reason.code === 'timeout' || reason.code === 'aborted'
    ? undefined
    : answer('InvalidParameterValue', 400, reason.message);
}

function answer(awsCode: string, status: number, message: string): WireAnswer {
  const code = bareAwsCode(awsCode);
  const type = frameworkTypes[code] ?? `com.amazonaws.sqs#${code}`;
  return {
    status,
    body: JSON.stringify({ __type: type, message }),
    queryError: `${queryCodes[code] ?? code};${status < 500 ? 'Sender' : 'Receiver'}`,
  };
}

/** One of `Failed` of a batch. */
export function failedEntry(id: string, error: QueueError): object {
  const code = bareAwsCode(reportOf(error)?.awsCode ?? 'InternalError');
  return {
    Id: id,
    SenderFault: !error.retryable,
    Code: queryCodes[code] ?? code,
    Message: messageOf(error),
  };
}

/** Whether the whole call failed with it, or never was answered; otherwise it is one entry's. */
export function isOfWholeCall(error: QueueError): boolean {
  return reportOf(error)?.httpStatus !== 200;
}

function reportOf({ details }: QueueError): { awsCode: string; httpStatus: number } | undefined {
  return 'awsCode' in details
    ? { awsCode: details.awsCode, httpStatus: details.httpStatus ?? 500 }
    : undefined;
}

/** Without the operation and the code, which `serviceError` puts before it. */
function messageOf({ message }: QueueError): string {
  return message.slice(message.indexOf(': ') + 2);
}
