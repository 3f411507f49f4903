import type { QueueError } from '@sqskit/core';
import { serviceError } from '@sqskit/core/errors';
import { responseInvalid, unreadableAnswer } from './call-failure.ts';
import { bytesOf, type ExchangeAnswer } from './exchange.ts';
import { withoutReceiptHandles } from './receipt-handle-mask.ts';

/** The output of an action, with the id of the request where the SDK has it too. */
export interface LeanOutput {
  $metadata: { readonly requestId: string | undefined };
}

/** What SQS answered, in its JSON protocol. Throws the `QueueError` of an answer that is a failure, or not to be read. */
export function outputOf(operation: string, answer: ExchangeAnswer): LeanOutput {
  const { statusCode, headers, chunks } = answer;
  const requestId = textOf(headers['x-amzn-requestid']);
  let parsed: unknown;
  try {
    parsed = JSON.parse(bytesOf(chunks).toString() || '{}');
  } catch {
    // The parser's error quotes what it read.
    throw unreadableAnswer({ operation, httpStatus: statusCode, requestId });
  }
  const fields = typeof parsed === 'object' && parsed !== null ? parsed : undefined;
  if (statusCode >= 300) {
    throw failureOf(operation, answer, fields, requestId);
  }
  if (fields === undefined || Array.isArray(fields)) {
    throw responseInvalid(operation, 'an object', 'another value');
  }
  return Object.assign(fields, { $metadata: { requestId } });
}

function failureOf(
  operation: string,
  { statusCode, headers }: ExchangeAnswer,
  fields: object | undefined,
  requestId: string | undefined,
): QueueError {
  const type = textOf(headers['x-amzn-errortype']) ?? textAt(fields, '__type') ?? textAt(fields, 'code');
  return serviceError({
    operation,
    awsCode: awsCodeOf(type ?? 'UnknownError'),
    httpStatus: statusCode,
    requestId,
    message: withoutReceiptHandles(textAt(fields, 'message') ?? textAt(fields, 'Message')),
  });
}

/** `QueueDoesNotExist` of `com.amazonaws.sqs#QueueDoesNotExist:http://internal.amazon.com/...`. */
function awsCodeOf(type: string): string {
  const [name = type] = type.split(/[,:]/, 1);
  return name.slice(name.indexOf('#') + 1);
}

function textAt(fields: object | undefined, name: string): string | undefined {
  return fields === undefined ? undefined : textOf(Reflect.get(fields, name));
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}
