// What handlers are made of, what they may return, and what stops a consumer at SIGTERM. From core, so that a consumer needs
// only this package.
export {
  ack,
  closeOnSignal,
  deadLetter,
  type Handler,
  type HandlerContext,
  type IncomingMessage,
  isQueueError,
  release,
  retry,
  type Verdict,
} from '@sqskit/core';
export type { HandlerConcurrencyOptions } from './adaptive-concurrency.ts';
export type { BreakerChange, BreakerOptions, BreakerState } from './breaker-options.ts';
export { type Consumer, type ConsumerStats, createConsumer, type QueueStats } from './consumer.ts';
export { deadLetterReasonAttribute } from './dead-letter.ts';
export type { FailedMessage, FailurePolicy } from './failure-policy.ts';
export type { DrainEstimate } from './drain.ts';
export { createLambdaHandler, type LambdaHandler } from './lambda.ts';
export type {
  LambdaContext,
  SqsBatchResponse,
  SqsEvent,
  SqsMessageAttribute,
  SqsRecord,
  SqsRecordAttributes,
} from './lambda-event.ts';
export type { LambdaHandlerOptions } from './lambda-options.ts';
export type { ConsumerHealth, ConsumerState, QueueHealth } from './health.ts';
export type { BatchesOptions, StreamOptions } from './loop-options.ts';
export type { ConsumerOptions } from './options.ts';
export type { PollHealth } from './poll-pulse.ts';
export type { QueueSource } from './queue-sources.ts';
export type { ErrorContext, OnError } from './report.ts';
export type { StopMode, StopOptions } from './stop-options.ts';
export type { StopReport } from './stopping.ts';
export { batches } from './batches.ts';
export type { StreamMessage } from './gatherer.ts';
export { stream } from './stream.ts';
export type { AdaptiveVisibilityOptions } from './visibility.ts';
