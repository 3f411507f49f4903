import type {
  BrokenItem,
  Content,
  Envelope,
  Item,
  MessageAttributes,
  OpenedItem,
  Payload,
  QueueError,
  Sealed,
} from '@sqskit/core';

export const anyBytes = Number.POSITIVE_INFINITY;

export function itemOf(content: Content, attributes?: MessageAttributes): Item {
  return { id: 'id', content, attributes, attempt: 0 };
}

/** What the envelopes of this package do at once, without a promise. */
export function sealNow(envelope: Envelope, content: Content, attributes?: MessageAttributes): Sealed {
  const sealed = envelope.seal([itemOf(content, attributes)], anyBytes);
  if (sealed instanceof Promise) {
    throw new Error('sealing was asynchronous');
  }
  return sealed;
}

/** What an envelope does, at once or later. */
export async function sealSoon(
  envelope: Envelope,
  content: Content,
  attributes?: MessageAttributes,
): Promise<Sealed> {
  return envelope.seal([itemOf(content, attributes)], anyBytes);
}

export async function openedOrError(
  envelope: Envelope,
  payload: Payload,
): Promise<OpenedItem | BrokenItem | undefined> {
  return (await envelope.open(payload)).items[0];
}

export function bodyOf(envelope: Envelope, content: Content): string {
  return sealNow(envelope, content).payload.body;
}

/** The one item of a payload. Throws its error where it is broken. */
export function openNow(envelope: Envelope, payload: Payload): OpenedItem {
  const opened = envelope.open(payload);
  if (opened instanceof Promise) {
    throw new Error('opening was asynchronous');
  }
  const [item] = opened.items;
  if (item === undefined || opened.items.length !== 1) {
    throw new Error(`expected one item, received ${opened.items.length}`);
  }
  if ('error' in item) {
    throw item.error;
  }
  return item;
}

/** The content of a body, or the error with which it fails alone. */
export function contentOrError(envelope: Envelope, body: string): Content | QueueError {
  const opened = envelope.open({ body });
  if (opened instanceof Promise) {
    throw new Error('opening was asynchronous');
  }
  const [item] = opened.items;
  if (item === undefined) {
    throw new Error('expected an item');
  }
  return 'error' in item ? item.error : item.content;
}

/** For comparing contents: a Buffer is as good as a Uint8Array. */
export function comparable(content: Content): string | number[] {
  return typeof content === 'string' ? content : [...content];
}
