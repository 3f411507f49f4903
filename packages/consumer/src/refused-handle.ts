import { isQueueError, type QueueError } from '@sqskit/core';

/**
 * Whether SQS knows a receipt handle no more: the message was received again, is visible again, or is gone. A FIFO queue
 * says so of an expired handle, and every queue of a deleted message, with no more than `InvalidParameterValue`.
 *
 * Source: https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_ChangeMessageVisibility.html
 */
export function isHandleRefused(error: QueueError): boolean {
  return (
    isQueueError(error, 'receipt-handle-invalid') ||
    (isQueueError(error, 'service-error') && error.details.awsCode.endsWith('InvalidParameterValue'))
  );
}
