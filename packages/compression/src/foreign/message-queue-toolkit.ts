import type { Payload } from '@sqskit/core';
import { decodeBase64 } from '@sqskit/core/wire';
import { jsonObjectWith } from '../json-object.ts';
import type { ForeignData } from './read-foreign.ts';

const codecKey = '__mqtCodec';
const dataKey = '__mqtData';

/**
 * message-queue-toolkit (core 27) puts a message it compressed into JSON, beside the fields of it that are to stay
 * readable, which are in the compressed data as well:
 *
 *     {"id":"1","type":"order.placed","__mqtCodec":"zstd","__mqtData":"<base64 of a zstd frame>"}
 *
 * Its users can name codecs of their own; those are not read here.
 */
export function readMessageQueueToolkit({ body, attributes = {} }: Payload): ForeignData | undefined {
  const fields = jsonObjectWith(dataKey, body);
  const data = fields?.[dataKey];
  if (fields?.[codecKey] !== 'zstd' || typeof data !== 'string') {
    return undefined;
  }
  const bytes = decodeBase64(data);
  return bytes !== undefined && isZstd(bytes) ? { algorithm: 'zstd', bytes, attributes } : undefined;
}

/** RFC 8878, 3.1.1: the magic number of a frame. */
function isZstd(bytes: Uint8Array): boolean {
  return bytes[0] === 0x28 && bytes[1] === 0xb5 && bytes[2] === 0x2f && bytes[3] === 0xfd;
}
