import {
  type Content,
  type Envelope,
  type Item,
  type MessageAttributes,
  type Opened,
  type Payload,
  payloadBytes,
  plain,
  QueueError,
  type Sealed,
} from '@sqskit/core';
import { framedBody, readBody } from '@sqskit/core/wire';

const kind = 'p';
const maxItems = 20;

/** As small an envelope as packs: for proving the suite, not for use. */
export function createPackingEnvelope(): Envelope & { seal(...args: Parameters<Envelope['seal']>): Sealed } {
  return {
    maxItems,
    seal(items, maxBytes) {
      let payload = pack(items.slice(0, 1));
      if (payloadBytes(payload) > maxBytes) {
        const bytes = payloadBytes(payload);
        throw new QueueError('message-too-large', `${bytes} bytes do not fit`, { bytes, maxBytes });
      }
      let taken = 1;
      for (const limit = Math.min(items.length, maxItems); taken < limit; taken++) {
        const larger = pack(items.slice(0, taken + 1));
        if (payloadBytes(larger) > maxBytes) {
          break;
        }
        payload = larger;
      }
      return { payload, taken };
    },
    open(payload) {
      const wire = readBody(payload.body);
      return 'kind' in wire && wire.kind === kind ? unpack(wire.bytes) : plain().open(payload);
    },
  };
}

function pack(items: readonly Item[]): Payload {
  const packed = items.map(({ id, content, attributes = {}, traceHeader, attempt }) => ({
    id,
    traceHeader,
    content: asJson(content),
    attributes: Object.entries(attributes).map(([name, { type, value }]) => [name, type, asJson(value)]),
    attempt,
  }));
  return { body: framedBody(kind, Buffer.from(JSON.stringify(packed))) };
}

function unpack(bytes: Uint8Array | undefined): Opened {
  try {
    const packed: readonly {
      readonly id: string;
      readonly content: JsonContent;
      readonly attributes: readonly [name: string, type: 'String', value: JsonContent][];
      readonly traceHeader?: string;
      readonly attempt: number;
    }[] = JSON.parse(Buffer.from(bytes ?? []).toString());
    return {
      items: packed.map(({ id, content, attributes, traceHeader, attempt }) => ({
        id: String(id),
        traceHeader,
        content: fromJson(content),
        attributes: Object.fromEntries(
          attributes.map(([name, type, value]) => [name, { type, value: fromJson(value) }]),
        ) satisfies MessageAttributes,
        attempt: Number(attempt),
      })),
    };
  } catch (cause) {
    return { items: [{ error: new QueueError('decode-failed', 'this is no pack', {}, { cause }) }] };
  }
}

type JsonContent = readonly ['text' | 'base64', string];

function asJson(content: Content): JsonContent {
  return typeof content === 'string'
    ? ['text', content]
    : ['base64', Buffer.from(content).toString('base64')];
}

function fromJson([form, value]: JsonContent): Content {
  return form === 'text' ? String(value) : Uint8Array.from(Buffer.from(value, 'base64'));
}
