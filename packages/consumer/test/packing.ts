import {
  type Envelope,
  type Item,
  type Opened,
  type OpenedItem,
  type Payload,
  QueueError,
  type SendEntry,
} from '@sqskit/core';

/** One message of a pack, as a test writes it down. `broken` cannot be read. */
export type Written = Partial<Omit<Item, 'content'>> & {
  readonly content: string;
  readonly broken?: boolean;
};

const mark = 'pack:';

export interface PackingOptions {
  /** Default: 100. */
  readonly maxItems?: number | undefined;
  /** Told of every seal: its items. */
  readonly onSeal?: ((items: readonly Item[]) => void) | undefined;
}

/** Packs as JSON. A new message alone is its own content, as `packed()` has it; one with a count is a pack of one. */
export function packing({ maxItems = 100, onSeal }: PackingOptions = {}): Envelope {
  return {
    maxItems,
    seal(items) {
      onSeal?.(items);
      const [first] = items;
      const taken = Math.min(items.length, maxItems);
      const isPlain = items.length === 1 && first.attempt === 0;
      const payload = isPlain
        ? { body: String(first.content), attributes: first.attributes }
        : write(items.slice(0, taken));
      return { payload, taken };
    },
    open({ body, attributes = {} }): Opened {
      if (!body.startsWith(mark)) {
        return { items: [{ content: body, attributes, attempt: 0 }] };
      }
      const written: readonly Written[] = JSON.parse(body.slice(mark.length));
      return {
        items: written.map((one) =>
          one.broken === true
            ? { id: one.id, error: new QueueError('decode-failed', 'broken', {}) }
            : read(one),
        ),
      };
    },
  };
}

function write(items: readonly unknown[]): Payload {
  return { body: `${mark}${JSON.stringify(items)}` };
}

function read({ id, content, attributes = {}, traceHeader, attempt = 0 }: Written): OpenedItem {
  return { id, content, attributes, traceHeader, attempt };
}

/** The SQS message of a pack: of contents, or of messages written down. */
export function packOf(...contents: readonly (number | Written)[]): SendEntry {
  return write(contents.map((one) => (typeof one === 'number' ? { content: String(one) } : one)));
}

/** The contents 0 to `count - 1`. */
export function numbers(count: number): number[] {
  return Array.from({ length: count }, (_, index) => index);
}

/** The numbers that the body of an SQS message holds, packed or not. */
export function numbersIn(body: string): readonly number[] {
  if (!body.startsWith(mark)) {
    return [Number(body)];
  }
  const written: readonly Written[] = JSON.parse(body.slice(mark.length));
  return written.map(({ content }) => Number(content));
}
