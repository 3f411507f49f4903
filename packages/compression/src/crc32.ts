const table: Int32Array = /* @__PURE__ */ makeTable();

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

/** The CRC-32 of gzip (RFC 1952, 8). `crc` is that of the bytes before these, so that it can be taken in pieces. */
export function crc32(bytes: Uint8Array, crc = 0): number {
  let state = ~crc;
  for (const byte of bytes) {
    state = (table[(state ^ byte) & 0xff] ?? 0) ^ (state >>> 8);
  }
  return ~state >>> 0;
}
