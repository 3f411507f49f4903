import { writeUtf8 } from '@sqskit/core/wire';

export const legalTextExpected =
  'text without control characters other than tab, line feed and carriage return, U+FFFE, U+FFFF and lone surrogates';

// What SQS allows in bodies and in attributes of type String. (API_SendMessage)
const forbiddenCharacter = /[^\t\n\r\u{20}-\u{D7FF}\u{E000}-\u{FFFD}\u{10000}-\u{10FFFF}]/u;

/** Describes the first character that SQS does not take. */
export function findForbidden(text: string): string | undefined {
  if (isCertainlyLegal(text)) {
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
 * Whether a text has no control characters at all, and nothing else that is forbidden: so it is with nearly every JSON. It
 * stands in the path of every message, and reading bytes by four takes a fifth of the time of the quickest search by a
 * regular expression (bench/legal-text.ts).
 */
function isCertainlyLegal(text: string): boolean {
  return text.isWellFormed() && !text.includes('\uFFFE') && !text.includes('\uFFFF') && !hasControls(text);
}

const sliceLength = 4_096;
const bytes = new Uint8Array(3 * sliceLength + 4);
const words = new Uint32Array(bytes.buffer);

function hasControls(text: string): boolean {
  for (let from = 0; from < text.length; from += sliceLength) {
    // A pair that is cut in two becomes two other characters, none of them a control character.
    const slice = text.length > sliceLength ? text.slice(from, from + sliceLength) : text;
    const length = writeUtf8(slice, bytes);
    bytes.fill(space, length, length + 3);
    if (hasLowByte((length + 3) >> 2)) {
      return true;
    }
  }
  return false;
}

const space = 0x20;

/**
 * Whether any byte of the first `count` words is below 0x20. Subtracting 0x20 from each borrows from the highest bit of
 * those alone; bytes that have that bit themselves are left out by `~word`. (H. S. Warren, Hacker's Delight, 6-1)
 */
function hasLowByte(count: number): boolean {
  let low = 0;
  for (let index = 0; index < count; index++) {
    const word = words[index] ?? 0;
    low |= (word - 0x20202020) & ~word;
  }
  return (low & 0x80808080) !== 0;
}
