import { contentBytes } from '@sqskit/core';
import { invalidOption, resolveOptions } from '@sqskit/core/options';
import { createBlockCodec } from './block-codec.ts';
import { type GuideOptions, guideRules, type UnsetCommon } from './compression-options.ts';
import { createOpener, type Opener } from './opener.ts';
import { createPacer } from './pace.ts';
import { engineOf } from './settings.ts';

/** The options of the guide's form put to work: what is compressed, by what, and what is recorded of it. */
export interface Gzipper {
  readonly gzip: (text: string) => Uint8Array;
  /** Never asynchronous. */
  readonly open: Opener;
  /**
   * The body of a text: `wrap` of its gzip where the text is above the threshold and that is smaller, otherwise
   * `plainBody`. What `wrap` makes must be ASCII.
   */
  readonly shrink: (text: string, plainBody: string, wrap: (gzip: Uint8Array) => string) => string;
}

const utf8 = /* @__PURE__ */ new TextEncoder();

/** `owner` is the function whose options they are, for errors. */
export function createGzipper(owner: string, options: GuideOptions | undefined): Gzipper {
  const resolved = resolveOptions<GuideOptions, UnsetCommon>(owner, guideRules, options);
  const { thresholdBytes, level, maxOutputBytes, recorder, clock } = resolved;
  const engine = engineOf(resolved);
  const compressor = engine.compressor('gzip');
  if (compressor === undefined) {
    throw invalidOption(owner, 'engine', resolved.engine, 'one that has gzip');
  }
  const ratio = recorder.histogram('CompressionRatio', 'None');
  const gzip = (text: string): Uint8Array => compressor.compress(utf8.encode(text), level);
  const codec = createBlockCodec({
    engine,
    maxOutputBytes,
    dictionaries: new Map(),
    pacer: createPacer(Number.POSITIVE_INFINITY, clock),
  });

  return {
    gzip,
    open: createOpener(codec, engine, maxOutputBytes),
    shrink(text, plainBody, wrap) {
      const bytes = contentBytes(text);
      // A text with half a surrogate pair has no form in UTF-8: left to the plain body, it stays what it is.
      if (bytes <= thresholdBytes || bytes > maxOutputBytes || !text.isWellFormed()) {
        return plainBody;
      }
      const gzipBody = wrap(gzip(text));
      const plainBytes = contentBytes(plainBody);
      const isSmaller = gzipBody.length < plainBytes;
      ratio.record(isSmaller ? plainBytes / gzipBody.length : 1);
      return isSmaller ? gzipBody : plainBody;
    },
  };
}
