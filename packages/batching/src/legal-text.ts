import { writeUtf8 } from '@sqskit/core/wire';

export const legalTextExpected =
  'text without control characters other than tab, line feed and carriage return, U+FFFE, U+FFFF and lone surrogates';

// What SQS allows in bodies and in attributes of type String. (API_SendMessage)
const forbiddenCharacter = /[^\t\n\r\u{20}-\u{D7FF}\u{E000}-\u{FFFD}\u{10000}-\u{10FFFF}]/u;

/** Describes the first character that SQS does not take. */
export function findForbidden(text: string): string | undefined {
  if (bytesIfPlainlyLegal(text) !== undefined) {
    return undefined;
  }
  const index = text.search(forbiddenCharacter);
  if (index === -1) {
    return undefined; // it has line feeds or tabs, which are legal
  }
  const code = text.charCodeAt(index).toString(16).toUpperCase().padStart(4, '0');
  return `U+${code} at index ${index}`;
}

/**
 * The bytes in UTF-8 of a text that has no control characters at all, and nothing else that is forbidden: so it is with nearly
 * every JSON. `undefined` of any other. It stands in the path of every message: reading bytes by four takes a fifth of the
 * time of the quickest search by a regular expression, and the bytes are counted on the way (bench/legal-text.ts).
 */
export function bytesIfPlainlyLegal(text: string): number | undefined {
  return text.isWellFormed() && !text.includes('\uFFFE') && !text.includes('\uFFFF')
    ? bytesUnlessControls(text)
    : undefined;
}

const sliceLength = 4_096;
const bytes = new Uint8Array(3 * sliceLength + 16);
const words = new Uint32Array(bytes.buffer);

function bytesUnlessControls(text: string): number | undefined {
  let total = 0;
  for (let from = 0; from < text.length; ) {
    const to = sliceEnd(text, from);
    const slice = text.length > sliceLength ? text.slice(from, to) : text;
    const length = writeUtf8(slice, bytes);
    if (hasLowByte(length)) {
      return undefined;
    }
    total += length;
    from = to;
  }
  return total;
}

/** Not within a pair, which would be counted as two characters. */
function sliceEnd(text: string, from: number): number {
  const end = Math.min(text.length, from + sliceLength);
  const isWithinPair = end < text.length && (text.charCodeAt(end) & 0xfc00) === 0xdc00;
  return isWithinPair ? end - 1 : end;
}

const space = 0x20;

/**
 * Whether any of the first `length` bytes is below 0x20. Subtracting 0x20 from each byte of a word borrows from the highest bit
 * of those alone; bytes that have that bit themselves are left out by `~word`. (H. S. Warren, Hacker's Delight, 6-1)
 */
function hasLowByte(length: number): boolean {
  bytes[length] = space; // what is left of the last word
  bytes[length + 1] = space;
  bytes[length + 2] = space;
  const count = (length + 3) >> 2;
  let low = 0;
  for (let index = 0; index < count; index++) {
    const word = words[index] ?? 0;
    low |= (word - 0x20202020) & ~word;
  }
  return (low & 0x80808080) !== 0;
}
