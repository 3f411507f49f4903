// The nouns, in the order in which a message meets them.
export type {
  Content,
  IncomingMessage,
  MessageAttribute,
  MessageAttributes,
  MessageAttributeType,
  OutgoingMessage,
} from './message.ts';
export type { CloseOptions, CloseReport, Sender, SendOptions, SendReceipt, Undelivered } from './sender.ts';
export type { SendFailure } from './feed.ts';
export { type SendAllOptions, type SendSummary, sendAll } from './send-all.ts';
export { type SendStreamOptions, sendStream } from './send-stream.ts';
export { flushAfter } from './flush-after.ts';
export { type CloseOnSignalOptions, closeOnSignal, type SignalSource } from './close-on-signal.ts';
export { type Codec, contentText, json, text } from './codec.ts';
export {
  assertFits,
  type BrokenItem,
  type Envelope,
  type Item,
  type Opened,
  type OpenedItem,
  plain,
  type Sealed,
} from './envelope.ts';
export { idAttribute, withIds } from './with-ids.ts';
export { attributesBytes, contentBytes, payloadBytes } from './size.ts';
export type {
  CallOptions,
  Failure,
  Payload,
  Queue,
  QueueDepth,
  QueueDescription,
  ReceivedMessage,
  ReceiveRequest,
  SendEntry,
  SendOutcome,
  Sent,
  Settled,
  SettleOutcome,
  VisibilityChange,
} from './queue.ts';
export {
  ack,
  deadLetter,
  type Handler,
  type HandlerContext,
  isVerdict,
  release,
  retry,
  type Verdict,
} from './handler.ts';
// What they all share.
export {
  abortedError,
  type ErrorCode,
  type ErrorDetails,
  type FailedAttempt,
  type FailureOutcome,
  isQueueError,
  type NoDetails,
  QueueError,
  type QueueErrorOptions,
  type ServiceFailure,
  toQueueError,
} from './queue-error.ts';
export { compose, type Layer } from './compose.ts';
export { sqsLimits, sqsPrices } from './limits.ts';
export { billedUnits } from './billed-units.ts';
export { type Logger, silentLogger } from './logger.ts';
export type { TraceContext, Tracing } from './tracing.ts';
export {
  type Counter,
  type Dimensions,
  type Gauge,
  type Histogram,
  type MetricUnit,
  noopRecorder,
  type Recorder,
} from './recorder.ts';
