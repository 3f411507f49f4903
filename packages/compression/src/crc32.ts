import { nodeZlib } from './node-zlib.ts';

let table: Int32Array | undefined;

function makeTable(): Int32Array {
  const made = new Int32Array(256);
  for (let byte = 0; byte < 256; byte++) {
    let crc = byte;
    for (let bit = 0; bit < 8; bit++) {
      crc = (crc & 1) === 0 ? crc >>> 1 : (crc >>> 1) ^ 0xedb88320;
    }
    made[byte] = crc;
  }
  return made;
}

/** `crc32` in plain JavaScript: everywhere. */
export function portableCrc32(bytes: Uint8Array, crc = 0): number {
  table ??= makeTable();
  let state = ~crc;
  for (const byte of bytes) {
    state = (table[(state ^ byte) & 0xff] ?? 0) ^ (state >>> 8);
  }
  return ~state >>> 0;
}

let fastest: typeof portableCrc32 | undefined;

/** The CRC-32 of gzip (RFC 1952, 8). `crc` is that of the bytes before these, so that it can be taken in pieces. */
export function crc32(bytes: Uint8Array, crc = 0): number {
  fastest ??= nodeZlib()?.crc32 ?? portableCrc32;
  return fastest(bytes, crc);
}
