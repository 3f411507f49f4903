import type { Payload } from '@sqskit/core';
import { decodeBase64 } from '@sqskit/core/wire';
import type { ForeignData } from './read-foreign.ts';

const marker = '__SQS_GZIP__';

/**
 * squiss-ts 5, with its option `gzip`, sends brotli, whatever the name says, in base64 as the whole body, and marks it by
 * a Number attribute of value 1. Brotli has no magic number: the mark decides, and the body being base64.
 */
export function readSquiss({ body, attributes }: Payload): ForeignData | undefined {
  const mark = attributes?.[marker];
  if (mark?.type !== 'Number' || mark.value !== '1' || body === '') {
    return undefined;
  }
  const bytes = decodeBase64(body);
  if (bytes === undefined) {
    return undefined;
  }
  const { [marker]: _, ...unmarked } = attributes ?? {};
  return { algorithm: 'brotli', bytes, attributes: unmarked };
}
