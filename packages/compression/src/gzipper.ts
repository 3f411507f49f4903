import { type Content, contentBytes, isQueueError, QueueError } from '@sqskit/core';
import { resolveOptions } from '@sqskit/core/options';
import {
  type CompressionOptions,
  compressionRules,
  type UnsetCompressionOption,
} from './compression-options.ts';
import { fflateGzip } from './fflate-gzip.ts';
import { nodeGzip } from './node-gzip.ts';
import { timedEngine } from './timed-engine.ts';

/** The options put to work: what is compressed, by what, and what is recorded of it. */
export interface Gzipper {
  readonly gzip: (content: Content) => Uint8Array;
  /** Throws `decode-failed`. */
  readonly gunzip: (bytes: Uint8Array) => Uint8Array;
  /**
   * The body of a content: `wrap` of its gzip where the content is above the threshold and that is smaller, otherwise
   * `plainBody`. What `wrap` makes must be ASCII.
   */
  readonly shrink: (content: Content, plainBody: string, wrap: (gzip: Uint8Array) => string) => string;
}

const utf8 = /* @__PURE__ */ new TextEncoder();

/** `owner` is the function whose options they are, for errors. */
export function createGzipper(owner: string, options: CompressionOptions | undefined): Gzipper {
  const { thresholdBytes, level, maxOutputBytes, recorder, clock, ...resolved } = resolveOptions<
    CompressionOptions,
    UnsetCompressionOption
  >(owner, compressionRules, options);
  const engine = timedEngine(resolved.engine ?? nodeGzip() ?? fflateGzip, recorder, clock);
  const ratio = recorder.histogram('CompressionRatio', 'None');

  const gzip = (content: Content): Uint8Array =>
    engine.gzip(typeof content === 'string' ? utf8.encode(content) : content, level);

  return {
    gzip,
    gunzip(bytes) {
      try {
        return engine.gunzip(bytes, maxOutputBytes);
      } catch (reason) {
        throw isQueueError(reason) ? reason : corrupt(reason);
      }
    },
    shrink(content, plainBody, wrap) {
      const bytes = contentBytes(content);
      if (bytes <= thresholdBytes || bytes > maxOutputBytes || !hasUtf8(content)) {
        return plainBody;
      }
      const gzipBody = wrap(gzip(content));
      const plainBytes = contentBytes(plainBody);
      const isSmaller = gzipBody.length < plainBytes;
      ratio.record(isSmaller ? plainBytes / gzipBody.length : 1);
      return isSmaller ? gzipBody : plainBody;
    },
  };
}

/** A text with half a surrogate pair has no form in UTF-8: left to the plain body, it stays what it is. */
function hasUtf8(content: Content): boolean {
  return typeof content !== 'string' || content.isWellFormed();
}

function corrupt(reason: unknown): QueueError<'decode-failed'> {
  const text = reason instanceof Error ? reason.message : String(reason);
  return new QueueError('decode-failed', `the gzip data is corrupt: ${text}`, {}, { cause: reason });
}
