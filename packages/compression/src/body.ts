import type { Content, MessageAttributes, Payload } from '@sqskit/core';
import { framedBody, textBody } from '@sqskit/core/wire';
import { findForeign } from './foreign/read-foreign.ts';
import { readGuide } from './guide-form.ts';

/**
 * The kinds of body of this package, in core's wire format. docs/wire-format.md is their specification.
 *
 *     ~1c<base64>    a block (block.ts): one content
 *     ~1p<base64>    a block: a pack of contents (pack-reader.ts)
 *     ~1ac, ~1ap     the same, the block being the value of the attribute `sqskit`
 *     ~1g<base64>    gzip of a text, in UTF-8
 *     ~1h<base64>    gzip of bytes
 *     ~1q<text>      a text that would be taken for something else, without the `{"` before it and the `}` after it
 */
export type BlockKind = 'c' | 'p';

/** The Binary attribute that carries a block, and what it adds to a message's size besides the block. */
export const blockAttribute = 'sqskit';
const blockAttributeBytes = blockAttribute.length + 'Binary'.length;

export type Transport = 'body' | 'attribute';

export function blockBody(kind: BlockKind, block: Uint8Array): string {
  return framedBody(kind, block);
}

/** The payload that carries a block in the attribute. */
export function blockInAttribute(
  kind: BlockKind,
  block: Uint8Array,
  attributes: MessageAttributes | undefined,
): Payload {
  return {
    body: `~1a${kind}`,
    attributes: { ...attributes, [blockAttribute]: { type: 'Binary', value: block } },
  };
}

/** What SQS counts of a block and what carries it. */
export function carriedBytes(blockBytes: number, transport: Transport): number {
  return transport === 'attribute' ? 4 + blockAttributeBytes + blockBytes : 3 + 4 * Math.ceil(blockBytes / 3);
}

export function gzipBody(content: Content, gzip: Uint8Array): string {
  return framedBody(typeof content === 'string' ? 'g' : 'h', gzip);
}

/**
 * The body of a text to which nothing is done: that of the plain envelope, in the same number of bytes at least.
 * `undefined` for one that would come out as something else whatever its body: it has to be in a block.
 */
export function uncompressedBody(
  text: string,
  attributes: MessageAttributes | undefined,
): string | undefined {
  if (!isTakenForAnother(text, attributes)) {
    return textBody(text);
  }
  return text.startsWith('{"') && text.endsWith('}') ? `~1q${text.slice(2, -1)}` : undefined;
}

/** Whether a text that is sent as it is would be read as the guide's form, or as another library's. */
export function isTakenForAnother(text: string, attributes: MessageAttributes | undefined): boolean {
  return readGuide(text) !== undefined || findForeign({ body: text, attributes }) !== undefined;
}
