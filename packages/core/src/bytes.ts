// Node's Buffer is several times faster than atob and btoa; a browser has only those.
interface BufferLike {
  toString(encoding: 'base64'): string;
}
interface BufferConstructorLike {
  from(buffer: ArrayBufferLike, byteOffset: number, length: number): BufferLike;
  from(text: string, encoding: 'base64'): Uint8Array;
  byteLength(text: string): number;
}

const nodeBuffer = (globalThis as { readonly Buffer?: BufferConstructorLike | undefined }).Buffer;

const alphabet = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

export function encodeBase64(bytes: Uint8Array): string {
  if (nodeBuffer !== undefined) {
    return nodeBuffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64');
  }
  let binary = '';
  for (const byte of bytes) {
    binary += String.fromCharCode(byte);
  }
  return btoa(binary);
}

/** Decodes standard, padded base64, or returns `undefined` where the text is not that. */
export function decodeBase64(text: string): Uint8Array | undefined {
  if (!alphabet.test(text)) {
    return undefined;
  }
  if (nodeBuffer !== undefined) {
    return nodeBuffer.from(text, 'base64');
  }
  return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
}

/** UTF-8 bytes of a text, as SQS counts them. A lone surrogate counts as the three bytes of U+FFFD. */
export const utf8Length: (text: string) => number =
  nodeBuffer === undefined ? countUtf8 : (text) => nodeBuffer.byteLength(text);

export function countUtf8(text: string): number {
  let bytes = text.length;
  for (let index = 0; index < text.length; index++) {
    const unit = text.charCodeAt(index);
    if (unit < 0x80) {
      continue;
    }
    bytes += unit < 0x800 ? 1 : 2;
    const isHigh = unit >= 0xd800 && unit <= 0xdbff;
    if (isHigh && (text.charCodeAt(index + 1) & 0xfc00) === 0xdc00) {
      index++; // a pair is four bytes in two units: two more than its length, added once
    }
  }
  return bytes;
}
