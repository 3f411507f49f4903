import { type Handler, QueueError } from '@sqskit/core';

/** Throws what it was given, so that a test sees how it came. */
export const handler: Handler<Uint8Array> = ({ body, attributes }) => {
  const { value } = attributes['bytes'] ?? { value: '' };
  throw new QueueError('unexpected', 'seen', { operation: describe(body, value) });
};

function describe(body: Uint8Array, value: string | Uint8Array): string {
  const inAttribute = typeof value === 'string' ? value : `${value.length}/${value.buffer.byteLength}`;
  return `body ${body.length}/${body.buffer.byteLength} ${body.join()}, attribute ${inAttribute}`;
}
