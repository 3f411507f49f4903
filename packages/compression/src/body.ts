import { type Content, contentText, QueueError } from '@sqskit/core';
import { framedBody, readBody, textBody, type WireFrame } from '@sqskit/core/wire';
import { readGuide } from './guide-form.ts';

/**
 * The kinds of body of this package, in core's wire format. docs/wire-format.md is their specification.
 *
 *     ~1g<base64>    gzip of a text, in UTF-8
 *     ~1h<base64>    gzip of bytes
 *     ~1q<text>      a text that would be taken for the guide's form, without the `{"` before it and the `}` after it
 */
export function gzipBody(content: Content, gzip: Uint8Array): string {
  return framedBody(typeof content === 'string' ? 'g' : 'h', gzip);
}

/** The body of a content to which nothing is done: that of the plain envelope, in the same number of bytes at least. */
export function uncompressedBody(content: Content): string {
  if (typeof content !== 'string') {
    return framedBody('b', content);
  }
  return readGuide(content) === undefined ? textBody(content) : `~1q${content.slice(2, -1)}`;
}

/** The content of any body: plain, of this package, or in the guide's form. Throws `decode-failed`. */
export function openBody(body: string, gunzip: (bytes: Uint8Array) => Uint8Array): Content {
  const wire = readBody(body);
  if ('text' in wire) {
    const gzip = readGuide(wire.text);
    return gzip === undefined ? wire.text : utf8Text(gunzip(gzip));
  }
  switch (wire.kind) {
    case 'b':
      return bytesOf(wire);
    case 'g':
      return utf8Text(gunzip(bytesOf(wire)));
    case 'h':
      return gunzip(bytesOf(wire));
    case 'q':
      return `{"${body.slice(3)}}`;
    default:
      throw broken(`the body is of kind '${wire.kind}': give the consumer the producer's envelope`);
  }
}

function bytesOf({ kind, bytes }: WireFrame): Uint8Array {
  if (bytes === undefined) {
    throw broken(`the body is of kind '${kind}' but not base64`);
  }
  return bytes;
}

function utf8Text(bytes: Uint8Array): string {
  try {
    return contentText(bytes);
  } catch (reason) {
    throw broken('the decompressed content should be text but is not UTF-8', reason);
  }
}

function broken(message: string, cause?: unknown): QueueError<'decode-failed'> {
  return new QueueError('decode-failed', message, {}, { cause });
}
