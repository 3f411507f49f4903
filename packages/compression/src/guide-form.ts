import { decodeBase64 } from '@sqskit/core/wire';
import { jsonObjectWith } from './json-object.ts';

/**
 * The gzip data of a body in the guide's form, or `undefined` where it is anything else: an object of exactly these
 * four keys, each of its type, whose data is gzip. So a user's own `{ compressed: true, data }` is left alone. The
 * sizes are not relied on.
 */
export function readGuide(body: string): Uint8Array | undefined {
  const value = jsonObjectWith('compressed_size', body);
  if (value?.['compressed'] !== true || Object.keys(value).length !== 4) {
    return undefined;
  }
  const { data, original_size, compressed_size } = value;
  if (typeof data !== 'string' || !isSize(original_size) || !isSize(compressed_size)) {
    return undefined;
  }
  const gzip = decodeBase64(data);
  return gzip !== undefined && isGzip(gzip) ? gzip : undefined;
}

function isSize(value: unknown): boolean {
  return Number.isSafeInteger(value) && Number(value) >= 0;
}

/** RFC 1952, 2.3.1: the two bytes of gzip, and deflate as its method. */
function isGzip(bytes: Uint8Array): boolean {
  return bytes[0] === 0x1f && bytes[1] === 0x8b && bytes[2] === 8;
}
