import {
  type BrokenItem,
  type Envelope,
  type Item,
  type OpenedItem,
  type Payload,
  payloadBytes,
  plain,
  QueueError,
  type Sealed,
} from '@sqskit/core';
import { framedBody, readBody } from '@sqskit/core/wire';

export interface PackingEnvelopeOptions {
  readonly maxItems?: number;
  readonly fillBytes?: number;
  /** Throws for an item that it will not take. */
  readonly check?: (item: Item) => void;
}

/** The simplest envelope that packs: items as JSON, in base64. One alone is plain. */
export function packingEnvelope({
  maxItems = 1_000,
  fillBytes,
  check = () => undefined,
}: PackingEnvelopeOptions = {}): Envelope & { seal(...given: Parameters<Envelope['seal']>): Sealed } {
  return {
    maxItems,
    fillBytes,
    seal(items, maxBytes) {
      items.forEach(check);
      if (items.length === 1 && items[0].attempt === 0) {
        return plain().seal(items, maxBytes) as Sealed; // plain() seals at once
      }
      for (let taken = items.length; taken > 0; taken = Math.floor(taken / 2)) {
        const payload: Payload = { body: framedBody('p', encode(items.slice(0, taken))) };
        if (payloadBytes(payload) <= maxBytes) {
          return { payload, taken };
        }
      }
      throw new QueueError('message-too-large', 'too large', { bytes: maxBytes + 1, maxBytes });
    },
    open(payload) {
      const wire = readBody(payload.body);
      if (!('kind' in wire) || wire.kind !== 'p') {
        return plain().open(payload);
      }
      return { items: decode(wire.bytes ?? new Uint8Array()) };
    },
  };
}

/** The contents of a message, in order: of one that is plain, its own. */
export function contentsOf(body: string): readonly string[] {
  return itemsOf(body).map(({ content }) => String(content));
}

export function itemsOf(body: string): readonly OpenedItem[] {
  const opened = packingEnvelope().open({ body });
  if (opened instanceof Promise) {
    throw new Error('it opens at once');
  }
  return opened.items.map(whole);
}

function whole(item: OpenedItem | BrokenItem): OpenedItem {
  if ('error' in item) {
    throw item.error;
  }
  return item;
}

function encode(items: readonly Item[]): Uint8Array {
  const own = items.map((item) =>
    typeof item.content === 'string' ? item : { ...item, content: { bytes: [...item.content] } },
  );
  return new TextEncoder().encode(JSON.stringify(own));
}

type Packed = Omit<Item, 'content'> & { readonly content: string | { readonly bytes: number[] } };

function decode(bytes: Uint8Array): readonly OpenedItem[] {
  const items: readonly Packed[] = JSON.parse(new TextDecoder().decode(bytes));
  return items.map(({ content, attributes = {}, ...item }) => ({
    ...item,
    attributes,
    content: typeof content === 'string' ? content : Uint8Array.from(content.bytes),
  }));
}
