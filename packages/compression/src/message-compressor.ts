import { type Content, contentText, json, type Opened, QueueError } from '@sqskit/core';
import type { GuideOptions } from './compression-options.ts';
import { guideBody } from './guide-body.ts';
import { createGzipper } from './gzipper.ts';

/** The guide's two functions, for people who bring their own queue. */
export interface MessageCompressor {
  /** The body of a message: its JSON, compressed where that is larger than the threshold. Throws `encode-failed`. */
  readonly compressMessage: (message: unknown) => string;
  /** The message of a body: plain JSON, the guide's form, or what `compressed()` writes. Throws `decode-failed`. */
  readonly decompressMessage: (body: string) => unknown;
}

/** Bodies in the form of the guide's Python class, which reads ours and whose bodies we read. Throws `option-invalid`. */
export function createMessageCompressor(options?: GuideOptions): MessageCompressor {
  const gzipper = createGzipper('createMessageCompressor', options);
  return {
    compressMessage: (message) => guideBody(encoded(message), gzipper),
    decompressMessage(body) {
      if (typeof body !== 'string') {
        throw new QueueError('decode-failed', `expected the body as a string, received ${typeof body}`, {});
      }
      return decoded(contentOf(gzipper.open({ body })));
    },
  };
}

/** The one content of a body. */
function contentOf(opened: Opened | Promise<Opened>): Content {
  const items = opened instanceof Promise ? [] : opened.items; // a gzipper opens at once
  const [item] = items;
  if (item === undefined || items.length > 1) {
    throw new QueueError('decode-failed', 'the body holds several messages: open it with an envelope', {});
  }
  if ('error' in item) {
    throw item.error;
  }
  return item.content;
}

const codec = json<unknown>();

function encoded(message: unknown): string {
  try {
    return contentText(codec.encode(message));
  } catch (cause) {
    throw new QueueError('encode-failed', 'the message has no JSON form', {}, { cause });
  }
}

function decoded(content: Content): unknown {
  try {
    return codec.decode(content);
  } catch (cause) {
    // Not the parser's own words: they quote the message.
    throw new QueueError('decode-failed', 'the body is not JSON', {}, { cause });
  }
}
