import type { BodyCheck } from './body-checksum.ts';

/** The actions of SQS that a queue takes. */
export type QueueOperation =
  | 'SendMessageBatch'
  | 'ReceiveMessage'
  | 'DeleteMessageBatch'
  | 'ChangeMessageVisibilityBatch'
  | 'GetQueueAttributes';

/** What carries the calls of one queue: the SDK, or requests of our own. Inputs and outputs are named as SQS names them. */
export interface Transport {
  /** Most calls that it carries at a time, where it knows. */
  readonly maxConnections: number | undefined;
  readonly binary: BinaryForm;
  /** Tells of each body whether it is the one that SQS took the MD5 of; `true` where somebody else has looked already. */
  readonly areIntact: BodyCheck;
  /** What must be known before the first call; `undefined` once it is. Rejects with a `QueueError`. */
  prepare(): Promise<void> | undefined;
  /** Resolves with the output, or rejects with a `QueueError`. */
  call(operation: QueueOperation, input: object, signal: AbortSignal | undefined): Promise<unknown>;
}

/** How a transport takes and gives the bytes of a Binary attribute. */
export interface BinaryForm {
  toWire(bytes: Uint8Array): string | Uint8Array;
  fromWire(value: string | Uint8Array): Uint8Array;
}
