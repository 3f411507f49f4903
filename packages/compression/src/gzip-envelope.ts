import { assertFits, type Content, type Envelope, type Payload, toQueueError } from '@sqskit/core';
import { openBody } from './body.ts';
import type { Gzipper } from './gzipper.ts';

/** An envelope of one content whose body is `bodyOf` it, and which reads any body that this package or `plain()` writes. */
export function gzipEnvelope(bodyOf: (content: Content) => string, gzipper: Gzipper): Envelope {
  return {
    maxItems: 1,
    seal([{ content, attributes }], maxBytes) {
      const payload: Payload = { body: bodyOf(content), attributes };
      assertFits(payload, maxBytes);
      return { payload, taken: 1 };
    },
    open({ body, attributes = {} }) {
      try {
        return { items: [{ content: openBody(body, gzipper.gunzip), attributes, attempt: 0 }] };
      } catch (reason) {
        return { items: [{ error: toQueueError(reason, 'open') }] };
      }
    },
  };
}
