import { invalidOption } from '@sqskit/core/options';
import { crc32 } from './crc32.ts';

/**
 * Bytes that sender and receiver both have, so that a small message need not bring its own examples of what repeats. The
 * same bytes serve deflate and zstd. A dictionary never changes: another one has other bytes and so another id.
 */
export interface Dictionary {
  /** The CRC-32 of the bytes, unsigned: what a message says it was compressed with. */
  readonly id: number;
  readonly bytes: Uint8Array;
}

const minDictionaryBytes = 8;
/** Deflate reaches no further back (RFC 1951, 2). */
const maxDictionaryBytes = 32_768;

/**
 * A dictionary of these bytes, of which it keeps a copy: examples of messages one after another, the most typical ones
 * last, or what `dictionaryFromSamples` or `zstd --train` made. Throws `option-invalid` for fewer than 8 bytes and for
 * more than 32,768.
 */
export function createDictionary(bytes: Uint8Array): Dictionary {
  if (!(bytes instanceof Uint8Array)) {
    throw invalidOption('createDictionary', 'bytes', bytes, 'a Uint8Array');
  }
  if (bytes.length < minDictionaryBytes || bytes.length > maxDictionaryBytes) {
    throw invalidOption(
      'createDictionary',
      'bytes',
      `${bytes.length} bytes`,
      `${minDictionaryBytes} to ${maxDictionaryBytes.toLocaleString('en-US')} bytes`,
    );
  }
  const copy = Uint8Array.from(bytes);
  return { id: crc32(copy), bytes: copy };
}
