import {
  attributesBytes,
  type Content,
  contentBytes,
  type MessageAttributes,
  type Payload,
  payloadBytes,
  sqsLimits,
} from '@sqskit/core';
import { framedBody, textBody } from '@sqskit/core/wire';
import type { BlockAlgorithm } from './block.ts';
import type { BlockCodec } from './block-codec.ts';
import {
  blockAttribute,
  blockBody,
  blockInAttribute,
  carriedBytes,
  gzipBody,
  type Transport,
  uncompressedBody,
} from './body.ts';
import type { CompressionOptions } from './compression-options.ts';
import { looksIncompressible } from './incompressible.ts';
import type { Settings } from './settings.ts';
import { whenReady } from './when-ready.ts';

/** Why a message is sent as it is. */
export type ShrinkReason =
  | 'below-threshold'
  | 'above-max-output'
  | 'lone-surrogate'
  | 'looks-incompressible'
  | 'not-smaller'
  | 'smaller'
  /** A text that sent as it is would be read as another library's message. */
  | 'ambiguous';

/** Whether it was looked at closely: what is recorded of it is a ratio. */
export function isTried(reason: ShrinkReason): boolean {
  return reason === 'smaller' || reason === 'not-smaller' || reason === 'looks-incompressible';
}

/** One content as one message, and how it came to that. */
export interface Shrunk {
  readonly payload: Payload;
  readonly reason: ShrinkReason;
  /** `plain`: nothing was done to it. */
  readonly sentAs: 'plain' | 'gzip' | BlockAlgorithm;
  readonly transport: Transport;
  readonly contentBytes: number;
  readonly plainBytes: number;
  readonly sentBytes: number;
}

/** Makes one message of one content; `codec` is one of the settings'. */
export type Shrinker = (
  content: Content,
  attributes: MessageAttributes | undefined,
  codec: BlockCodec,
) => Shrunk | Promise<Shrunk>;

/** From here on zstd is the better: below, what it allocates for each call takes longer than deflate does. */
const zstdFromBytes = 16_384;

const utf8 = /* @__PURE__ */ new TextEncoder();

export function createShrinker(
  settings: Settings,
  algorithm: Exclude<CompressionOptions['algorithm'], undefined>,
): Shrinker {
  const { thresholdBytes, maxOutputBytes, dictionary, levelOf, hasZstd, engine } = settings;
  const gzip = algorithm === 'gzip' ? engine.compressor('gzip') : undefined;

  function algorithmFor(bytes: number): 'deflate' | 'zstd' {
    if (algorithm === 'zstd' || algorithm === 'deflate') {
      return algorithm;
    }
    return hasZstd && bytes >= zstdFromBytes ? 'zstd' : 'deflate';
  }

  function reasonToLeave(content: Content, bytes: number): ShrinkReason | undefined {
    if (bytes <= thresholdBytes) {
      return 'below-threshold';
    }
    if (bytes > maxOutputBytes) {
      return 'above-max-output';
    }
    // A text with half a surrogate pair has no form in UTF-8: left to the plain body, it stays what it is.
    if (typeof content === 'string' && !content.isWellFormed()) {
      return 'lone-surrogate';
    }
    return looksIncompressible(content) ? 'looks-incompressible' : undefined;
  }

  return (content, attributes, codec) => {
    const bytes = contentBytes(content);
    const isText = typeof content === 'string';
    const body = isText ? uncompressedBody(content, attributes) : undefined;
    // Bytes become base64 only where they are sent so: for their size it is not needed.
    const plain = (): Payload => ({
      body: isText ? (body ?? textBody(content)) : framedBody('b', content),
      attributes,
    });
    const plainBytes = isText
      ? payloadBytes(plain())
      : carriedBytes(content.length, 'body') + attributesBytes(attributes);
    const transport = settings.transport === 'attribute' && hasRoom(attributes) ? 'attribute' : 'body';
    const common = { contentBytes: bytes, plainBytes };
    const leave = (reason: ShrinkReason): Shrunk => ({
      ...common,
      payload: plain(),
      reason,
      sentAs: 'plain',
      transport: 'body',
      sentBytes: plainBytes,
    });

    const reason = reasonToLeave(content, bytes);
    const mustBlock =
      isText && body === undefined && reason !== 'above-max-output' && reason !== 'lone-surrogate';
    // In an attribute, bytes that do not compress are still a quarter smaller than in base64.
    const storesBytes = reason === 'looks-incompressible' && !isText && transport === 'attribute';
    if (reason !== undefined && !mustBlock && !storesBytes) {
      return leave(reason);
    }
    const raw = isText ? utf8.encode(content) : content;

    if (gzip !== undefined && !mustBlock) {
      const packed = gzip.compress(raw, levelOf('gzip'));
      const gzipPayload: Payload = { body: gzipBody(content, packed), attributes };
      const sentBytes = gzipPayload.body.length + attributesBytes(attributes);
      return sentBytes < plainBytes
        ? { ...common, payload: gzipPayload, reason: 'smaller', sentAs: 'gzip', transport: 'body', sentBytes }
        : leave('not-smaller');
    }

    const chosen = algorithmFor(bytes);
    const encoded =
      reason === undefined
        ? codec.encode(raw, { algorithm: chosen, level: levelOf(chosen), dictionary, isText })
        : codec.store(raw, isText);
    return whenReady(encoded, ({ block, algorithm: sentAs }): Shrunk => {
      const sentBytes = carriedBytes(block.length, transport) + attributesBytes(attributes);
      const isSmaller = sentBytes < plainBytes;
      if (!isSmaller && !mustBlock) {
        return leave('not-smaller');
      }
      const payload =
        transport === 'attribute'
          ? blockInAttribute('c', block, attributes)
          : { body: blockBody('c', block), attributes };
      return {
        ...common,
        payload,
        reason: isSmaller ? 'smaller' : 'ambiguous',
        sentAs,
        transport,
        sentBytes,
      };
    });
  };
}

/** Whether one more attribute fits, and is ours. */
function hasRoom(attributes: MessageAttributes | undefined): boolean {
  return (
    attributes === undefined ||
    (!Object.hasOwn(attributes, blockAttribute) && Object.keys(attributes).length < sqsLimits.maxAttributes)
  );
}
