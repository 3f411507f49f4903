import {
  type BrokenItem,
  type Content,
  contentText,
  isQueueError,
  type MessageAttributes,
  type Opened,
  type OpenedItem,
  type Payload,
  toQueueError,
} from '@sqskit/core';
import { readBody, type WireFrame } from '@sqskit/core/wire';
import { undecodable } from './block.ts';
import type { BlockCodec } from './block-codec.ts';
import { type BlockKind, blockAttribute } from './body.ts';
import type { Engine } from './engine.ts';
import { readForeign } from './foreign/read-foreign.ts';
import { readGuide } from './guide-form.ts';
import { readPack } from './pack-reader.ts';
import { whenReady } from './when-ready.ts';

/** Opens whatever this package, `plain()`, the guide's class or another library wrote. Never throws, never rejects. */
export type Opener = (payload: Payload) => Opened | Promise<Opened>;

type Items = readonly (OpenedItem | BrokenItem)[];

const noAttributes: MessageAttributes = {};

export function createOpener(codec: BlockCodec, engine: Engine, maxOutputBytes: number): Opener {
  /** What a block is not round: gzip, and what other libraries write. */
  function decompress(algorithm: 'gzip' | 'zstd' | 'brotli', bytes: Uint8Array): Uint8Array {
    const compressor = engine.compressor(algorithm);
    if (compressor === undefined) {
      throw undecodable(`the content is compressed by ${algorithm}, which this runtime does not have`);
    }
    try {
      return compressor.decompress(bytes, { maxOutputBytes });
    } catch (reason) {
      if (isQueueError(reason)) {
        throw reason;
      }
      const text = reason instanceof Error ? reason.message : String(reason);
      throw undecodable(`the ${algorithm} data is corrupt: ${text}`, reason);
    }
  }

  function openBlock(
    kind: BlockKind,
    block: Uint8Array,
    attributes: MessageAttributes,
  ): Items | Promise<Items> {
    return whenReady(codec.decode(block), ({ content, isText }): Items => {
      if (kind === 'p') {
        return readPack(content, attributes);
      }
      return one(isText ? utf8Text(content) : content, attributes);
    });
  }

  function openText(text: string, payload: Payload, attributes: MessageAttributes): Items {
    const gzip = readGuide(text);
    if (gzip !== undefined) {
      return one(utf8Text(decompress('gzip', gzip)), attributes);
    }
    const foreign = readForeign(payload, decompress);
    return foreign === undefined ? one(text, attributes) : one(foreign.content, foreign.attributes);
  }

  function openFrame(wire: WireFrame, body: string, attributes: MessageAttributes): Items | Promise<Items> {
    switch (wire.kind) {
      case 'a':
        return openInAttribute(body, attributes);
      case 'b':
        return one(bytesOf(wire), attributes);
      case 'c':
      case 'p':
        return openBlock(wire.kind, bytesOf(wire), attributes);
      case 'g':
        return one(utf8Text(decompress('gzip', bytesOf(wire))), attributes);
      case 'h':
        return one(decompress('gzip', bytesOf(wire)), attributes);
      case 'q':
        return one(`{"${body.slice(3)}}`, attributes);
      default:
        throw undecodable(`the body is of kind '${wire.kind}': give the consumer the producer's envelope`);
    }
  }

  function openInAttribute(body: string, attributes: MessageAttributes): Items | Promise<Items> {
    const kind = body.slice(3);
    if (kind !== 'c' && kind !== 'p') {
      throw undecodable(`the body is of kind 'a' and says what this version does not know`);
    }
    const { [blockAttribute]: carrier, ...rest } = attributes;
    if (carrier === undefined || typeof carrier.value === 'string') {
      throw undecodable(
        `the block of this message should be its Binary attribute \`${blockAttribute}\`, which is not there`,
      );
    }
    return openBlock(kind, carrier.value, rest);
  }

  return (payload) => {
    const { body, attributes = noAttributes } = payload;
    try {
      const wire = readBody(body);
      const items =
        'text' in wire ? openText(wire.text, payload, attributes) : openFrame(wire, body, attributes);
      return items instanceof Promise ? items.then((opened) => ({ items: opened }), broken) : { items };
    } catch (reason) {
      return broken(reason);
    }
  };
}

function one(content: Content, attributes: MessageAttributes): Items {
  return [{ content, attributes, attempt: 0 }];
}

function broken(reason: unknown): Opened {
  return { items: [{ error: toQueueError(reason, 'open') }] };
}

function bytesOf({ kind, bytes }: WireFrame): Uint8Array {
  if (bytes === undefined) {
    throw undecodable(`the body is of kind '${kind}' but not base64`);
  }
  return bytes;
}

function utf8Text(bytes: Uint8Array): string {
  try {
    return contentText(bytes);
  } catch (reason) {
    throw undecodable('the decompressed content should be text but is not UTF-8', reason);
  }
}
