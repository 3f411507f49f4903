import { type Content, contentText, type MessageAttributes, type Payload, QueueError } from '@sqskit/core';
import { readMessageQueueToolkit } from './message-queue-toolkit.ts';
import { readSquiss } from './squiss.ts';

/** Decompresses what another library wrote, up to `maxOutputBytes`. Throws `decode-failed`. */
export type ForeignDecompress = (algorithm: ForeignAlgorithm, bytes: Uint8Array) => Uint8Array;

export type ForeignAlgorithm = 'zstd' | 'brotli';

export interface Foreign {
  readonly content: Content;
  /** Those of the payload without the ones that only marked it. */
  readonly attributes: MessageAttributes;
}

/** A message of another library, whose content is a compressed text. */
export interface ForeignData {
  readonly algorithm: ForeignAlgorithm;
  readonly bytes: Uint8Array;
  readonly attributes: MessageAttributes;
}

/** What message-queue-toolkit or squiss-ts compressed, as each of their readers would find; where in doubt `undefined`. */
export function findForeign(payload: Payload): ForeignData | undefined {
  return readMessageQueueToolkit(payload) ?? readSquiss(payload);
}

/** The content of what `findForeign` finds. Throws `decode-failed` where it cannot be decompressed. */
export function readForeign(payload: Payload, decompress: ForeignDecompress): Foreign | undefined {
  const data = findForeign(payload);
  if (data === undefined) {
    return undefined;
  }
  const bytes = decompress(data.algorithm, data.bytes);
  try {
    return { content: contentText(bytes), attributes: data.attributes };
  } catch (cause) {
    throw new QueueError(
      'decode-failed',
      'the decompressed content should be text but is not UTF-8',
      {},
      { cause },
    );
  }
}
