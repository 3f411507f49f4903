import { type Content, type Envelope, type MessageAttributes, sqsLimits } from '@sqskit/core';
import type { Settings } from './settings.ts';
import type { Shrinker, Shrunk } from './shrinker.ts';

/** What becomes of one message that is sent alone, and why. */
export interface Explanation extends Omit<Shrunk, 'payload' | 'transport'> {
  /** Where the block travels; `undefined` where nothing was done to the message, and for gzip. */
  readonly transport: 'body' | 'attribute' | undefined;
  readonly dictionaryId: number | undefined;
  /** Requests that SQS bills for sending it alone. */
  readonly billedAlone: number;
  /** Requests that SQS bills for a batch of ten of it, if it is not too large for a batch. */
  readonly billedInTen: number;
}

/** An envelope that says what it does. */
export interface ExplainingEnvelope<E extends Explanation = Explanation> extends Envelope {
  /** What would be decided for a message and why. Compresses it, at once and however long it takes; records nothing. */
  explain(content: Content, attributes?: MessageAttributes): E;
}

export function explainShrunk(
  shrink: Shrinker,
  { promptCodec, dictionary }: Settings,
  content: Content,
  attributes: MessageAttributes | undefined,
): Explanation {
  const shrunk = shrink(content, attributes, promptCodec);
  if (shrunk instanceof Promise) {
    throw new TypeError('the prompt codec is never asynchronous');
  }
  const { reason, sentAs, transport, contentBytes, plainBytes, sentBytes } = shrunk;
  const isBlock = sentAs !== 'plain' && sentAs !== 'gzip';
  return {
    reason,
    sentAs,
    transport: isBlock ? transport : undefined,
    dictionaryId: sentAs === 'deflate' || sentAs === 'zstd' ? dictionary?.id : undefined,
    contentBytes,
    plainBytes,
    sentBytes,
    billedAlone: billedUnits(sentBytes),
    billedInTen: billedUnits(10 * sentBytes),
  };
}

function billedUnits(bytes: number): number {
  return Math.max(1, Math.ceil(bytes / sqsLimits.billedUnitBytes));
}
