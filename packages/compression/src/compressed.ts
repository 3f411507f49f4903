import { assertFits } from '@sqskit/core';
import { resolveOptions } from '@sqskit/core/options';
import { type CompressionOptions, compressionRules, type UnsetBlock } from './compression-options.ts';
import { type ExplainingEnvelope, explainShrunk } from './explain.ts';
import { createOpener } from './opener.ts';
import { settingsOf } from './settings.ts';
import { createShrinker, isTried } from './shrinker.ts';
import { whenReady } from './when-ready.ts';

/**
 * An envelope that compresses contents above a threshold. A message is never larger than the plain envelope would make
 * it, as SQS counts it; where compressing does not make it smaller, it is the plain envelope's.
 *
 * Reads what it writes, what `plain()`, `packed()` and `guideEnvelope()` write, and what message-queue-toolkit and
 * squiss-ts do, so consumers can be given it before producers are. Throws `option-invalid`.
 */
export function compressed(options?: CompressionOptions): ExplainingEnvelope {
  const owner = 'compressed';
  const resolved = resolveOptions<CompressionOptions, UnsetBlock>(owner, compressionRules, options);
  const settings = settingsOf(owner, resolved, resolved.algorithm);
  const { codec, engine, maxOutputBytes, recorder } = settings;
  const shrink = createShrinker(settings, resolved.algorithm);
  const ratio = recorder.histogram('CompressionRatio', 'None');

  return {
    maxItems: 1,
    seal([{ content, attributes }], maxBytes) {
      return whenReady(shrink(content, attributes, codec), (shrunk) => {
        if (isTried(shrunk.reason)) {
          ratio.record(shrunk.plainBytes / shrunk.sentBytes);
        }
        const bytes = assertFits(shrunk.payload, maxBytes, shrunk.sentBytes);
        return { payload: shrunk.payload, taken: 1, bytes };
      });
    },
    open: createOpener(codec, engine, maxOutputBytes),
    explain: (content, attributes) => explainShrunk(shrink, settings, content, attributes),
  };
}
