import type { Envelope } from '@sqskit/core';
import { uncompressedBody } from './body.ts';
import type { CompressionOptions } from './compression-options.ts';
import { guideBody } from './guide-form.ts';
import { gzipEnvelope } from './gzip-envelope.ts';
import { createGzipper } from './gzipper.ts';

/**
 * An envelope in the form of the guide's Python class, for queues that such a class reads or writes too: text above
 * the threshold becomes `{"compressed": true, "data": …, "original_size": …, "compressed_size": …}` where that is
 * smaller, other text stays as it is. Bytes, which that form has no place for, travel as in the plain envelope.
 *
 * Reads what `compressed()` reads. Throws `option-invalid`.
 */
export function guideEnvelope(options?: CompressionOptions): Envelope {
  const gzipper = createGzipper('guideEnvelope', options);
  return gzipEnvelope(
    (content) => (typeof content === 'string' ? guideBody(content, gzipper) : uncompressedBody(content)),
    gzipper,
  );
}
