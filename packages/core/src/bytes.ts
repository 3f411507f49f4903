/** What envelopes need between text and bytes. */
export interface ByteConversions {
  readonly encodeBase64: (bytes: Uint8Array) => string;
  /** Of standard, padded base64; `undefined` for any other text. */
  readonly decodeBase64: (text: string) => Uint8Array | undefined;
  /** UTF-8 bytes of a text, as SQS counts them. A lone surrogate counts as the three bytes of U+FFFD. */
  readonly utf8Length: (text: string) => number;
  /** Writes the text in UTF-8 as far as whole characters fit; returns how many bytes that was. */
  readonly writeUtf8: (text: string, target: Uint8Array<ArrayBuffer>) => number;
}

/** By what every runtime has. */
export const webConversions: ByteConversions = {
  encodeBase64(bytes) {
    let binary = '';
    for (const byte of bytes) {
      binary += String.fromCharCode(byte);
    }
    return btoa(binary);
  },
  decodeBase64: (text) =>
    isBase64(text) ? Uint8Array.from(atob(text), (character) => character.charCodeAt(0)) : undefined,
  utf8Length(text) {
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
  },
  writeUtf8: (text, target) => encoder.encodeInto(text, target).written,
};

const encoder = /* @__PURE__ */ new TextEncoder();

interface BufferLike {
  write(text: string): number;
  toString(encoding: 'base64'): string;
}
interface BufferConstructorLike {
  from(buffer: ArrayBufferLike, byteOffset: number, length: number): BufferLike;
  from(text: string, encoding: 'base64'): Uint8Array;
  byteLength(text: string): number;
}

/** By Node's Buffer, which is several times faster. */
function bufferConversions(nodeBuffer: BufferConstructorLike): ByteConversions {
  let written = new Uint8Array(0);
  let asBuffer = nodeBuffer.from(written.buffer, 0, 0);
  return {
    encodeBase64: ({ buffer, byteOffset, byteLength }) =>
      nodeBuffer.from(buffer, byteOffset, byteLength).toString('base64'),
    decodeBase64(text) {
      // Buffer takes the alphabet of URLs too, and skips what is in neither: then fewer bytes come out than there should.
      // To search the text for other characters first takes three times as long.
      if (text.length % 4 !== 0 || text.includes('-') || text.includes('_')) {
        return undefined;
      }
      const bytes = nodeBuffer.from(text, 'base64');
      const padding = text.endsWith('==') ? 2 : Number(text.endsWith('='));
      const isAll = bytes.length === (text.length / 4) * 3 - padding;
      return isAll && nodeBuffer.byteLength(text) === text.length ? bytes : undefined;
    },
    utf8Length: (text) => nodeBuffer.byteLength(text),
    writeUtf8(text, target) {
      // Only a Buffer can be written to before Node 22. Whoever writes much writes into the same bytes again and again.
      if (target !== written) {
        written = target;
        asBuffer = nodeBuffer.from(target.buffer, target.byteOffset, target.byteLength);
      }
      return asBuffer.write(text);
    },
  };
}

const nodeBuffer = (globalThis as { readonly Buffer?: BufferConstructorLike | undefined }).Buffer;
const conversions = nodeBuffer === undefined ? webConversions : bufferConversions(nodeBuffer);

export const encodeBase64: ByteConversions['encodeBase64'] = conversions.encodeBase64;
export const decodeBase64: ByteConversions['decodeBase64'] = conversions.decodeBase64;
export const utf8Length: ByteConversions['utf8Length'] = conversions.utf8Length;
export const writeUtf8: ByteConversions['writeUtf8'] = conversions.writeUtf8;

const outsideAlphabet = /[^A-Za-z0-9+/]/;

/** A search for what may not be there: a pattern of the whole text overflows the stack on long texts. */
export function isBase64(text: string): boolean {
  const end = text.search(outsideAlphabet);
  const padding = end === -1 ? '' : text.slice(end);
  return text.length % 4 === 0 && (padding === '' || padding === '=' || padding === '==');
}
