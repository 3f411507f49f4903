import { Gunzip } from 'fflate';
import { crc32 } from './crc32.ts';
import { expandsTooFar } from './engine.ts';
import { joined } from './joined.ts';

// Deflate expands at most 1,032 times, so at most 4 MiB come of one push before the limit is looked at. Smaller pushes
// cost more: the stream copies its window of 32 KiB in each (bench/engines.ts).
const pushBytes = 4_096;

/** A CRC-32 and a length, little-endian, end each member. */
const trailerBytes = 8;

/**
 * Reads gzip with fflate: the content of one or more members with nothing after them, each checked against its own
 * CRC-32 and length.
 *
 * fflate's `gunzipSync` is never called on what came in: it allocates what the last four bytes claim (3.76 GB for a
 * message of 65 bytes), checks no CRC-32 and reads only the first of several members. Its stream allocates as it goes;
 * the rest is checked here.
 */
export function fflateGunzip(bytes: Uint8Array, maxOutputBytes: number): Uint8Array {
  const chunks: Uint8Array[] = [];
  let totalBytes = 0;
  let memberBytes = 0;
  let memberCrc = 0;

  const stream = new Gunzip((chunk) => {
    totalBytes += chunk.length;
    if (totalBytes > maxOutputBytes) {
      throw expandsTooFar(maxOutputBytes);
    }
    memberBytes += chunk.length;
    memberCrc = crc32(chunk, memberCrc);
    chunks.push(chunk);
  });
  const endMember = (end: number): void => {
    checkTrailer(bytes, end, memberCrc, memberBytes);
    memberBytes = 0;
    memberCrc = 0;
  };
  // Called where another member begins.
  stream.onmember = endMember;

  // None of the pushes is the final one: after that fflate takes the trailer for data. What was cut off has no
  // valid trailer, so nothing goes unnoticed.
  for (let offset = 0; offset < bytes.length; offset += pushBytes) {
    stream.push(bytes.subarray(offset, offset + pushBytes));
  }
  endMember(bytes.length);
  return joined(chunks);
}

function checkTrailer(bytes: Uint8Array, end: number, crc: number, length: number): void {
  if (end < trailerBytes) {
    throw new RangeError('unexpected end of data');
  }
  const trailer = new DataView(bytes.buffer, bytes.byteOffset + end - trailerBytes, trailerBytes);
  if (trailer.getUint32(0, true) !== crc) {
    throw new RangeError('incorrect CRC-32, or cut off');
  }
  // The length is modulo 2^32, far above any `maxOutputBytes`.
  if (trailer.getUint32(4, true) !== length) {
    throw new RangeError('incorrect length');
  }
}
