import {
  abortedError,
  type Codec,
  type Content,
  type OutgoingMessage,
  QueueError,
  type SendOptions,
  sqsLimits,
} from '@sqskit/core';
import { callGuarded } from '@sqskit/core/callbacks';
import { assertKnownOptions, invalidOption } from '@sqskit/core/options';
import type { Random } from '@sqskit/core/retry';
import { checkId, checkMessage } from './message-rules.ts';
import { idText, Outgoing } from './outgoing.ts';
import { maxFifoDeadlineMs, type ResolvedProducerOptions } from './producer-options.ts';

/** Checks and encodes messages, and gives each its id and deadline. */
export class Intake<T> {
  readonly #options: ResolvedProducerOptions;
  readonly #fifo: boolean;
  /** Unlike that of any other producer. */
  readonly idPrefix: string;
  #lastNumber = 0;

  constructor(options: ResolvedProducerOptions, fifo: boolean) {
    const { idPrefix, random } = options;
    this.#options = options;
    this.#fifo = fifo;
    this.idPrefix = `${idPrefix === undefined ? '' : `${idPrefix}-`}${randomText(random)}-`;
  }

  /** Throws `message-invalid`, `encode-failed`, `option-invalid` and `aborted`. */
  take(message: OutgoingMessage<T>, options: SendOptions | undefined): Outgoing<T> {
    const { clock, codec } = this.#options;
    checkMessage(message, this.#fifo);
    assertKnownOptions('send', sendOptionNames, options);
    const signal = options?.signal;
    if (signal !== undefined && !isAbortSignal(signal)) {
      throw invalidOption('send', 'signal', signal, 'an AbortSignal');
    }
    if (signal?.aborted === true) {
      throw abortedError(signal);
    }
    const { body, groupId } = message;
    const { attributes, traceHeader } = this.#trace(message);
    const deadlineMs = this.#deadlineMs(options?.deadlineMs);
    const id = message.id ?? ++this.#lastNumber;
    const deduplicationId = this.#deduplicationId(message, id);
    const content = encode(codec, body);
    const lane = this.#fifo ? groupId : undefined;
    return new Outgoing(
      message,
      this.idPrefix,
      id,
      content,
      attributes,
      traceHeader,
      deduplicationId,
      lane,
      clock.monotonic(),
      deadlineMs,
      signal,
    );
  }

  /** What a trace adds is never worth a message. */
  #trace(message: OutgoingMessage<T>): Pick<OutgoingMessage<T>, 'attributes' | 'traceHeader'> {
    const { tracing, logger } = this.#options;
    if (tracing === undefined) {
      return message;
    }
    try {
      const context = tracing.inject(message);
      if (context === undefined) {
        return message;
      }
      const { traceHeader = context.traceHeader } = message;
      const traced = {
        ...message,
        traceHeader,
        attributes: { ...context.attributes, ...message.attributes },
      };
      checkMessage(traced, this.#fifo);
      return traced;
    } catch (reason) {
      logger.warn('a message goes without its trace', { reason });
      return message;
    }
  }

  #deduplicationId(message: OutgoingMessage<T>, id: string | number): string | undefined {
    if (!this.#fifo || message.deduplicationId !== undefined || this.#options.deduplication === 'content') {
      return message.deduplicationId;
    }
    if (message.id !== undefined) {
      checkId('id', message.id);
    }
    return idText(this.idPrefix, id);
  }

  #deadlineMs(deadlineMs: number | undefined): number {
    if (deadlineMs === undefined) {
      return this.#options.deadlineMs;
    }
    checkDeadline('send', deadlineMs, this.#fifo);
    return deadlineMs;
  }
}

/** Throws `option-invalid` for a deadline that the queue does not allow. */
export function checkDeadline(owner: string, deadlineMs: number, fifo: boolean): void {
  const maxMs = fifo ? maxFifoDeadlineMs : sqsLimits.maxVisibilityTimeoutMs;
  if (!(typeof deadlineMs === 'number' && deadlineMs > 0 && deadlineMs <= maxMs)) {
    const why = fifo ? ', because SQS forgets a deduplication id after 5 minutes' : '';
    throw invalidOption(owner, 'deadlineMs', deadlineMs, `above 0 and up to ${maxMs} ms${why}`);
  }
}

/** By shape: a signal may come from another realm or a polyfill. */
function isAbortSignal(signal: unknown): boolean {
  return (
    typeof signal === 'object' &&
    signal !== null &&
    'aborted' in signal &&
    'addEventListener' in signal &&
    typeof signal.addEventListener === 'function' &&
    'removeEventListener' in signal &&
    typeof signal.removeEventListener === 'function'
  );
}

function encode(codec: Codec<unknown>, body: unknown): Content {
  let content: unknown;
  try {
    content = codec.encode(body);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new QueueError('encode-failed', `the codec could not encode the body: ${why}`, {}, { cause });
  }
  if (typeof content === 'string' || isBytes(content)) {
    return content;
  }
  callGuarded(() => content, ignore); // of an async codec, what the promise rejects with
  const message = `expected the codec to encode to a text or a Uint8Array, received ${typeof content}`;
  throw new QueueError('encode-failed', message, {});
}

const sendOptionNames = ['signal', 'deadlineMs'];

const ignore = (): void => undefined;

/** Also of another realm, and Node's Buffer. */
function isBytes(content: unknown): content is Uint8Array {
  return Object.prototype.toString.call(content) === '[object Uint8Array]';
}

const randomLength = 16;

/**
 * 82 bits. With the ids of another producer, or of this one before the process was started again, a FIFO queue would
 * drop messages as duplicates.
 */
function randomText(random: Random): string {
  return Array.from({ length: randomLength }, () => Math.floor(random() * 36).toString(36)).join('');
}
