import type { Content } from '@sqskit/core';

/** Below this, trying takes hardly longer than asking. */
const minLength = 1_024;

const samples = 512;
const sampleLength = 4;
const pairs = (samples * (samples - 1)) / 2;

/**
 * The most pairs of samples, of all, whose first bytes may be equal where every byte is about as frequent as every other.
 * In base64 one pair in 64 is, in random bytes one in 256, in JSON about one in 20. What was compressed travels in base64:
 * a text gains nothing from what has 6 bits a character, while bytes, which travel in base64 anyway, gain below 8.
 */
const maxEqualInText = pairs / 48;
const maxEqualInBytes = pairs / 160;

/** So many samples that occur before say that there is something to refer back to. In base64 there are 0.01. */
const minRepeats = 4;

/** A script beyond ASCII takes two or three bytes for one of its characters, far more than they tell. */
const maxWide = samples / 16;

// Written anew by each call, which is synchronous.
const counts = /* @__PURE__ */ new Uint16Array(256);
const slotBits = 10;
const seen = /* @__PURE__ */ new Int32Array(1 << slotBits);

/**
 * Whether to compress a content would be in vain, judged by 512 samples of four bytes: all bytes are about as frequent,
 * and no sample repeats. Takes a few microseconds whatever the size, and less than one for most JSON (bench/sizes.ts).
 *
 * JSON, logs, text in any script, hexadecimals and base32 are not incompressible; base64 is, as text; compressed,
 * encrypted and random bytes are. A content of less than 1 KiB never is.
 */
export function looksIncompressible(content: Content): boolean {
  const isText = typeof content === 'string';
  const last = content.length - sampleLength;
  if (content.length < minLength) {
    return false;
  }
  counts.fill(0);
  seen.fill(0);
  let repeats = 0;
  let equal = 0;
  let wide = 0;
  for (let index = 0; index < samples; index++) {
    // Anywhere in a stretch of its own, so that no period of the content falls in with the samples.
    const place = Math.floor(((index + jitter(index)) * last) / samples);
    const four = isText ? fourOfText(content, place) : fourOfBytes(content, place);
    const slot = Math.imul(four, 0x9e3779b1) >>> (32 - slotBits);
    if (seen[slot] === four && ++repeats === minRepeats) {
      return false;
    }
    seen[slot] = four;
    const byte = four & 0xff;
    const before = counts[byte] ?? 0;
    counts[byte] = before + 1;
    equal += before;
    wide += isText && content.charCodeAt(place) > 0x7f ? 1 : 0;
  }
  return isText ? wide <= maxWide && equal <= maxEqualInText : equal <= maxEqualInBytes;
}

/** From 0 to below 1, evenly spread: multiples of the golden ratio. */
function jitter(index: number): number {
  return (Math.imul(index, 0x9e3779b9) >>> 0) / 2 ** 32;
}

function fourOfText(text: string, place: number): number {
  return (
    text.charCodeAt(place) |
    (text.charCodeAt(place + 1) << 8) |
    (text.charCodeAt(place + 2) << 16) |
    (text.charCodeAt(place + 3) << 24)
  );
}

function fourOfBytes(bytes: Uint8Array, place: number): number {
  return (
    (bytes[place] ?? 0) |
    ((bytes[place + 1] ?? 0) << 8) |
    ((bytes[place + 2] ?? 0) << 16) |
    ((bytes[place + 3] ?? 0) << 24)
  );
}
