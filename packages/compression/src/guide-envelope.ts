import { assertFits, type Envelope, type Payload } from '@sqskit/core';
import { framedBody } from '@sqskit/core/wire';
import type { GuideOptions } from './compression-options.ts';
import { guideBody } from './guide-body.ts';
import { createGzipper } from './gzipper.ts';

/**
 * An envelope in the form of the guide's Python class, for queues that such a class reads or writes too: text above
 * the threshold becomes `{"compressed": true, "data": …, "original_size": …, "compressed_size": …}` where that is
 * smaller, other text stays as it is. Bytes, which that form has no place for, travel as in the plain envelope.
 *
 * Reads what `compressed()` reads, but for what needs a dictionary. Throws `option-invalid`.
 */
export function guideEnvelope(options?: GuideOptions): Envelope {
  const gzipper = createGzipper('guideEnvelope', options);
  return {
    maxItems: 1,
    seal([{ content, attributes }], maxBytes) {
      const body =
        typeof content === 'string' ? guideBody(content, gzipper, attributes) : framedBody('b', content);
      const payload: Payload = { body, attributes };
      return { payload, taken: 1, bytes: assertFits(payload, maxBytes) };
    },
    open: gzipper.open,
  };
}
