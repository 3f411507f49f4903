import { type Codec, contentText, type OutgoingMessage, text } from '@sqskit/core';
import { createRandom } from '@sqskit/testing';
import type { PlannedMessage, Scenario } from './scenario.ts';

/** Text, or its bytes where the scenario says so. */
export function codecOf({ content }: Scenario): Codec<string> {
  const utf8 = new TextEncoder();
  return content === 'text' ? text() : { encode: (value) => utf8.encode(value), decode: contentText };
}

/** The message that a plan describes. */
export function outgoing(planned: PlannedMessage): OutgoingMessage<string> {
  const { id, groupId, deduplicationId, delayMs, traceHeader, attributes } = planned;
  return { body: bodyOf(planned), id, groupId, deduplicationId, delayMs, traceHeader, attributes };
}

const noise = Buffer.from(Float64Array.from({ length: 25_000 }, createRandom(1)).buffer).toString(
  'base64url',
);

/** `name:` and filler: so many bytes of UTF-8, or one or two fewer. */
function bodyOf({ name, bytes, filler }: PlannedMessage): string {
  const length = Math.max(0, bytes - name.length - 1);
  switch (filler) {
    case 'same':
      return `${name}:${'x'.repeat(length)}`;
    case 'wide':
      return `${name}:${'€'.repeat(length / 3)}`;
    case 'noise': {
      const from = (Number(name) * 997) % 1_000;
      return `${name}:${noise.repeat(Math.ceil((from + length) / noise.length)).slice(from, from + length)}`;
    }
  }
}
