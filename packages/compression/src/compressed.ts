import type { Envelope } from '@sqskit/core';
import { gzipBody, uncompressedBody } from './body.ts';
import type { CompressionOptions } from './compression-options.ts';
import { gzipEnvelope } from './gzip-envelope.ts';
import { createGzipper } from './gzipper.ts';

/**
 * An envelope that gzips contents above a threshold. A message is never larger than the plain envelope would make it,
 * as SQS counts it; where gzip does not make it smaller, it is the plain envelope's.
 *
 * Reads what it writes, and what `plain()` and `guideEnvelope()` write, so consumers can be given it before producers
 * are. Throws `option-invalid`.
 */
export function compressed(options?: CompressionOptions): Envelope {
  const gzipper = createGzipper('compressed', options);
  return gzipEnvelope(
    (content) => gzipper.shrink(content, uncompressedBody(content), (gzip) => gzipBody(content, gzip)),
    gzipper,
  );
}
