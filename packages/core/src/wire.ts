import { decodeBase64, encodeBase64, writeUtf8 } from './bytes.ts';

export { decodeBase64, encodeBase64, writeUtf8 };

/**
 * The wire format that every envelope shares. docs/wire-format.md is its specification.
 *
 *     {"id":1}            text that does not begin with a tilde: itself
 *     ~~hello             text that begins with a tilde, here `~hello`: one more tilde
 *     ~1b<base64>         version 1, kind `b`: bytes
 *     ~1g<base64>         version 1, another kind: what a compressing or packing envelope made
 *     ~anything else      text that some other producer sent: itself
 */
export type WireBody = WireText | WireFrame;

export interface WireText {
  readonly text: string;
}

export interface WireFrame {
  /** One lower-case letter: `b` for bytes as they are; others belong to the envelopes that define them. */
  readonly kind: string;
  /** `undefined` where what follows the header is not base64. */
  readonly bytes: Uint8Array | undefined;
}

const frameForm = /^~1[a-z]/;

/** The body that carries a text as it is. */
export function textBody(text: string): string {
  return text.startsWith('~') ? `~${text}` : text;
}

/** The body that carries bytes of a kind. */
export function framedBody(kind: string, bytes: Uint8Array): string {
  return `~1${kind}${encodeBase64(bytes)}`;
}

/** Reads any body; what is not in this format is text. */
export function readBody(body: string): WireBody {
  if (!body.startsWith('~')) {
    return { text: body };
  }
  if (frameForm.test(body)) {
    return { kind: body.charAt(2), bytes: decodeBase64(body.slice(3)) };
  }
  return { text: body.startsWith('~~') ? body.slice(1) : body };
}
