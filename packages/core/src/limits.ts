/**
 * US dollars for a million requests, by list price: us-east-1, up to 100 billion a month, without the first million that is
 * free. (aws.amazon.com/sqs/pricing)
 */
export const sqsPrices = { standard: 0.4, fifo: 0.5 } as const;

/**
 * SQS's own limits, each with its source. Sizes in bytes, times in milliseconds.
 *
 * Quotas: https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-messages.html
 */
export const sqsLimits = {
  /** Entries of one batch call, and messages of one receive. (Quotas, "Batched message entries"; API_ReceiveMessage) */
  maxBatchEntries: 10,
  /** Body plus attributes of one message, and of all messages of one batch: 1 MiB since August 2025. (API_SendMessageBatch) */
  maxMessageBytes: 1_048_576,
  /** The lowest `MaximumMessageSize` that a queue can be given. (API_SetQueueAttributes) */
  minMaxMessageBytes: 1_024,
  /** Message attributes of one message. (Quotas, "Message attributes") */
  maxAttributes: 10,
  /** Characters of an attribute's name, and of its type. (sqs-message-metadata) */
  maxAttributeNameLength: 256,
  /** Characters of a message group id or deduplication id. (API_SendMessage) */
  maxGroupIdLength: 128,
  /** Per-message delay. (API_SendMessage, `DelaySeconds` 900) */
  maxDelayMs: 900_000,
  /** Long-poll wait. (API_ReceiveMessage, `WaitTimeSeconds` 20) */
  maxWaitTimeMs: 20_000,
  /** Visibility timeout, counted from the receive however often it is extended. (API_ChangeMessageVisibility, 12 h) */
  maxVisibilityTimeoutMs: 43_200_000,
  /** A queue's visibility timeout unless it was given another. (API_SetQueueAttributes, 30 s) */
  defaultVisibilityTimeoutMs: 30_000,
  /** How long a FIFO queue remembers a deduplication id. (FIFO-queues-exactly-once-processing, 5 min) */
  deduplicationWindowMs: 300_000,
  /** The unit in which requests are billed: each 64 KiB of a call's payload is one request. (aws.amazon.com/sqs/pricing) */
  billedUnitBytes: 65_536,
} as const;
