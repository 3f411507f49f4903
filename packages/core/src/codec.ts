import type { Content } from './message.ts';

/**
 * Turns one value into content and back; synchronous. It may throw anything: the sender rejects that one message with
 * `encode-failed`, the consumer gives that one message to its failure policy with `decode-failed`.
 *
 * `decode` takes text and bytes alike, because the envelope decides in which form a content travels. Bytes that `encode` gave
 * are not to be changed afterwards, nor used again: an envelope may read them later.
 */
export interface Codec<T> {
  encode(value: T): Content;
  decode(content: Content): T;
}

/** Content as text. Throws a `TypeError` on bytes that are not UTF-8. */
export function contentText(content: Content): string {
  if (typeof content === 'string') {
    return content;
  }
  // `ignoreBOM` keeps a leading U+FEFF, which is part of the text. Made only here: text is the common case.
  return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(content);
}

/** JSON text. `T` is what you say it is: nothing is checked on decoding. */
export function json<T>(): Codec<T> {
  return {
    encode(value) {
      const text = JSON.stringify(value);
      if (text === undefined) {
        throw new TypeError(`a value of type ${typeof value} has no JSON form`);
      }
      return text;
    },
    decode: (content) => JSON.parse(contentText(content)),
  };
}

/** The text itself. */
export function text(): Codec<string> {
  return {
    encode(value) {
      if (typeof value !== 'string') {
        throw new TypeError(`expected a string, received ${typeof value}`);
      }
      return value;
    },
    decode: contentText,
  };
}
