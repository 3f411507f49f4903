import { contentBytes, type MessageAttributes } from '@sqskit/core';
import { encodeBase64, textBody } from '@sqskit/core/wire';
import { isTakenForAnother } from './body.ts';
import type { Gzipper } from './gzipper.ts';

/**
 * The body of a text: itself, or above the threshold in the guide's form, where that is smaller:
 *
 *     {"compressed":true,"data":"<base64 of gzip>","original_size":2048,"compressed_size":512}
 *
 * Both sizes are in bytes, of the text in UTF-8 and of the gzip data. A text that would be taken for this form, or
 * for another library's message, is wrapped whatever its size, so that it comes back as it was.
 */
export function guideBody(text: string, gzipper: Gzipper, attributes?: MessageAttributes): string {
  const wrap = (gzip: Uint8Array): string =>
    JSON.stringify({
      compressed: true,
      data: encodeBase64(gzip),
      original_size: contentBytes(text),
      compressed_size: gzip.length,
    });
  return isTakenForAnother(text, attributes)
    ? wrap(gzipper.gzip(text))
    : gzipper.shrink(text, textBody(text), wrap);
}
