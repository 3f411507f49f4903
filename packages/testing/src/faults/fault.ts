/** The calls of a queue that faults can befall. */
export type QueueVerb =
  | 'sendBatch'
  | 'receive'
  | 'deleteBatch'
  | 'changeVisibilityBatch'
  | 'describe'
  | 'depth';

/**
 * Something that goes wrong with a call.
 *
 * A fault with `positions` befalls the entries at these positions, counted from 0; without, all of them.
 */
export type Fault =
  /** The call is answered with `RequestThrottled`; it has no effect. */
  | { readonly kind: 'throttle' }
  /** The call is answered with 503 `ServiceUnavailable`; it has no effect. */
  | { readonly kind: 'unavailable' }
  /** The call is answered with this error; it has no effect. */
  | { readonly kind: 'service-error'; readonly awsCode: string; readonly httpStatus: number }
  /** The send is answered with `BatchRequestTooLong` although it fits; it has no effect. A seeded plan spares single entries. */
  | { readonly kind: 'batch-too-large' }
  /** The request never arrives: no effect, and the caller has a `timeout` with outcome `unknown`. */
  | { readonly kind: 'lost-request'; readonly timeoutMs?: number | undefined }
  /** The call takes effect, but the caller has a `timeout` with outcome `unknown`. */
  | { readonly kind: 'lost-reply'; readonly timeoutMs?: number | undefined }
  /** The reply comes this much later. */
  | { readonly kind: 'slow-reply'; readonly delayMs: number }
  /** Entries of a batch fail with `InternalError`, which is retryable, or with the code given. */
  | {
      readonly kind: 'entry-failure';
      readonly awsCode?: string | undefined;
      readonly positions?: readonly number[] | undefined;
    }
  /** Entries of a batch are refused as the sender's fault, which is not retryable. */
  | {
      readonly kind: 'entry-rejection';
      readonly awsCode?: string | undefined;
      readonly positions?: readonly number[] | undefined;
    }
  /**
   * `sendBatch` only: entries are stored, and their MD5 in the answer is not that of what was sent. The caller has
   * `response-invalid` with outcome `unknown`.
   */
  | { readonly kind: 'md5-mismatch'; readonly positions?: readonly number[] | undefined }
  /**
   * Receipt handles are treated as stale: a delete on a standard queue succeeds without effect, on a FIFO queue it is
   * refused, as is a change of visibility.
   */
  | { readonly kind: 'stale-handle'; readonly positions?: readonly number[] | undefined }
  /** Standard queues only. On `receive`: the message stays visible too. On `deleteBatch`: it comes again after the delete. */
  | { readonly kind: 'duplicate'; readonly positions?: readonly number[] | undefined };

export type FaultKind = Fault['kind'];

/** How often each fault took place. */
export type FaultCounts = Readonly<Record<FaultKind, number>>;

/** A call that a plan decides about. */
export interface FaultCall {
  readonly verb: QueueVerb;
  /** Entries of a batch call; for `receive`, the most messages it asks for; 0 for `describe` and `depth`. */
  readonly entries: number;
}

/** Decides what goes wrong. Asked once for each call, in the order in which calls begin. */
export interface FaultPlan {
  next(call: FaultCall): readonly Fault[];
}

/** What a lost request or reply costs the caller unless the fault says otherwise, in milliseconds. */
export const defaultTimeoutMs = 5_000;
