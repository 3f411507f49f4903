import type { MessageAttributes, OutgoingMessage } from './message.ts';

/** What a trace adds to a message. What the message has of its own stays. */
export interface TraceContext {
  /** X-Ray's header. */
  readonly traceHeader?: string | undefined;
  /** Such as `traceparent` of W3C Trace Context. They count as the message's own: in its size, and in its 10. */
  readonly attributes?: MessageAttributes | undefined;
}

/** Carries the trace under way along with what is sent. */
export interface Tracing {
  /** Called once for each message, in the call of `send`. What it throws, or SQS would refuse, costs the trace alone. */
  inject(message: OutgoingMessage<unknown>): TraceContext | undefined;
}
