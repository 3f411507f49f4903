import type { BrokenItem, Envelope, Item, Opened, OpenedItem, Sealed } from './envelope.ts';
import { sqsLimits } from './limits.ts';
import { QueueError } from './queue-error.ts';

/** The message attribute that carries the sender's id of a message (docs/wire-format.md). */
export const idAttribute = 'sqskit.id';

/**
 * A layer round an envelope: what is sent alone carries its sender's id as the attribute `sqskit.id`, as what is packed
 * does anyway, and the consumer has it as the message's `id`. A send that is repeated because its answer was lost may be in
 * a standard queue twice, with two message ids of SQS's: only by its own is it known again, as by `withIdempotency` of
 * @sqskit/consumer. For standard queues: FIFO ones deduplicate by themselves. It costs the attribute's bytes, some 50, and one of the ten: `seal` throws `message-invalid` for a
 * message that has ten of its own.
 */
export function withIds(inner: Envelope): Envelope {
  return {
    maxItems: inner.maxItems,
    get fillBytes() {
      return inner.fillBytes;
    },
    seal(items, maxBytes) {
      const [first] = items;
      if (items.length === 1) {
        return inner.seal([carryingId(first)], maxBytes);
      }
      const sealed = inner.seal(items, maxBytes);
      return 'then' in sealed
        ? sealed.then((late) => alone(late, first, maxBytes))
        : alone(sealed, first, maxBytes);
    },
    open(payload) {
      const opened = inner.open(payload);
      return 'then' in opened ? opened.then(readingIds) : readingIds(opened);
    },
  };

  /** Where no more than the first was taken it is sealed once more, with its id. */
  function alone(sealed: Sealed, first: Item, maxBytes: number): Sealed | Promise<Sealed> {
    if (sealed.taken > 1) {
      return sealed;
    }
    const again = (): Sealed | Promise<Sealed> => inner.seal([carryingId(first)], maxBytes);
    // What cannot be removed is not this message's fault.
    return sealed.discard === undefined ? again() : sealed.discard().then(again, again);
  }
}

function carryingId(item: Item): Item {
  const attributes = { ...item.attributes, [idAttribute]: { type: 'String', value: item.id } as const };
  const count = Object.keys(attributes).length;
  if (count > sqsLimits.maxAttributes) {
    const expected = `at most ${sqsLimits.maxAttributes - 1} beside \`${idAttribute}\``;
    throw new QueueError(
      'message-invalid',
      `expected \`attributes\` to be ${expected}; received ${count - 1}`,
      {
        field: 'attributes',
        received: `${count - 1} attributes`,
        expected,
      },
    );
  }
  return { ...item, attributes };
}

function readingIds(opened: Opened): Opened {
  return { ...opened, items: opened.items.map(readingId) };
}

function readingId(item: OpenedItem | BrokenItem): OpenedItem | BrokenItem {
  if (!('content' in item)) {
    return item;
  }
  const { [idAttribute]: carried, ...attributes } = item.attributes;
  return typeof carried?.value === 'string' ? { ...item, id: item.id ?? carried.value, attributes } : item;
}
