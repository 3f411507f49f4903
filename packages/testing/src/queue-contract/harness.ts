import type { Queue } from '@sqskit/core';

/** A queue that a case asks for. */
export interface ContractQueueOptions {
  readonly fifo?: boolean | undefined;
  readonly visibilityTimeoutMs?: number | undefined;
  readonly maxMessageBytes?: number | undefined;
  readonly contentBasedDeduplication?: boolean | undefined;
  /** A dead-letter queue is wanted too, of the same type. */
  readonly deadLetter?: { readonly maxReceiveCount: number } | undefined;
}

export interface ContractQueue {
  readonly queue: Queue;
  readonly deadLetterQueue?: Queue | undefined;
}

/**
 * What SQS does and some emulators do not. A case that needs what a harness says is not supported is not in the suite.
 *
 * The differences named are those of fauxqs 2.4.1.
 */
export interface QueueFeatures {
  /** A receive on a FIFO queue returns several messages of one group. fauxqs: one of each group. */
  readonly groupBatchReceive: boolean;
  /** `AWSTraceHeader` comes back. fauxqs drops it. */
  readonly traceHeader: boolean;
  /** `MessageGroupId` is kept on a standard queue. fauxqs drops it. */
  readonly groupIdOnStandard: boolean;
  /** Characters outside the Basic Multilingual Plane, such as emoji, are taken. fauxqs refuses them. */
  readonly astralCharacters: boolean;
  /** More than 10 attributes are refused. fauxqs takes them. */
  readonly attributeLimit: boolean;
  /** A delay above 900 s is refused. fauxqs takes it. */
  readonly delayLimit: boolean;
  /** A FIFO queue refuses to delete with a handle whose visibility timeout is over. fauxqs deletes. */
  readonly expiredHandleOnFifo: boolean;
  /** Something that never was a receipt handle is refused. fauxqs deletes it with success. */
  readonly malformedHandleRefused: boolean;
  /** One message ends one long poll; the others go on. fauxqs ends all of them, most of them empty-handed. */
  readonly oneWakeUp: boolean;
  /** A long poll that was aborted takes no message. fauxqs takes the next one. */
  readonly abortedReceive: boolean;
  /** `depth` counts a message as visible when its visibility timeout is over. fauxqs: only after the next receive. */
  readonly depthOfExpired: boolean;
}

/** How the suite reaches an implementation of `Queue`. */
export interface QueueHarness {
  /** Makes an empty queue of its own for a case. */
  createQueue(options: ContractQueueOptions): Promise<ContractQueue>;
  /** Waits for a promise: by driving virtual time (`clock.settle`), or just so where time is real. */
  settle<T>(promise: Promise<T>): Promise<T>;
  /** What is not supported: set to false. Default: everything is. */
  readonly supports?: Partial<QueueFeatures> | undefined;
  /** Called after each case. */
  dispose?(): Promise<void>;
}
