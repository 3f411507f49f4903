import type { IncomingMessage } from './message.ts';
import { assertKnownOptions, invalidOption } from './options.ts';

export interface HandlerContext {
  /**
   * Aborts when the handler is to end, with the reason. `handler-timeout`: it has run for longer than it may; its
   * message counts as failed. `stopped`: the consumer is stopping; its message is released. In both cases a verdict that
   * the handler returns all the same is carried out while the consumer waits for it, and returning anything else does
   * not acknowledge. `lease-lost`: the message is not ours any more, and nothing settles it; but where the handler returns
   * `ack()` all the same, it is deleted without a run should it come again to this consumer.
   */
  readonly signal: AbortSignal;
}

/**
 * What an application does with a message. Returning (anything but a verdict) acknowledges it; throwing makes it come
 * again after a back-off; a `Verdict` says anything else.
 */
export type Handler<T> = (message: IncomingMessage<T>, context: HandlerContext) => unknown;

const brand: unique symbol = Symbol.for('@sqskit/verdict');

/** A handler's decision about a message. Made by `ack`, `retry`, `release` and `deadLetter`. */
export type Verdict = { readonly [brand]: true } & (
  | { readonly action: 'ack' }
  | { readonly action: 'retry'; readonly delayMs: number | undefined }
  | { readonly action: 'release' }
  | { readonly action: 'dead-letter'; readonly reason: string }
);

/** Done: delete the message. The same as returning anything that is not a verdict. */
export function ack(): Verdict {
  return { [brand]: true, action: 'ack' };
}

/** Not done: let the message come again after `delayMs`. Default: the consumer's back-off. Throws `option-invalid`. */
export function retry(options: { readonly delayMs?: number | undefined } = {}): Verdict {
  if (typeof options !== 'object') {
    throw invalidOption('retry', 'options', options, 'an object, such as { delayMs: 5_000 }');
  }
  assertKnownOptions('retry', ['delayMs'], options);
  const { delayMs } = options;
  if (delayMs !== undefined && !(typeof delayMs === 'number' && delayMs >= 0)) {
    throw invalidOption('retry', 'delayMs', delayMs, 'a number of milliseconds from 0');
  }
  return { [brand]: true, action: 'retry', delayMs };
}

/** Not for this consumer now: make the message visible at once. SQS counts the receive all the same. */
export function release(): Verdict {
  return { [brand]: true, action: 'release' };
}

/** Hopeless: move the message to the consumer's dead-letter queue, with the reason. */
export function deadLetter(reason: string): Verdict {
  return { [brand]: true, action: 'dead-letter', reason };
}

/** Whether a handler returned a verdict; works across two installed copies of core. */
export function isVerdict(value: unknown): value is Verdict {
  return typeof value === 'object' && value !== null && brand in value;
}
