import { randomUUID } from 'node:crypto';
import { type Envelope, type Item, type Opened, plain, type Sealed, withIds } from '@sqskit/core';
import { describe, expect, test } from 'vitest';
import { envelopeContract } from '../src/index.ts';
import { createPackingEnvelope } from './packing-envelope.ts';
import { caseNamed, titled } from './planted.ts';

describe('the plain envelope keeps the contract', () => {
  test.each(titled(envelopeContract({ createEnvelope: plain })))('%s', async (_, run) => {
    await expect(run()).resolves.toBeUndefined();
  });
});

describe('an envelope that packs keeps the contract', () => {
  test.each(titled(envelopeContract({ createEnvelope: createPackingEnvelope })))('%s', async (_, run) => {
    await expect(run()).resolves.toBeUndefined();
  });
});

describe('a layer that adds ids keeps the contract', () => {
  const envelopes = [plain, createPackingEnvelope].flatMap((create) =>
    titled(envelopeContract({ createEnvelope: () => withIds(create()) })),
  );
  test.each(envelopes)('%s', async (_, run) => {
    await expect(run()).resolves.toBeUndefined();
  });
});

type Items = readonly [Item, ...Item[]];

const asEnvelope = (
  maxItems: number,
  seal: (items: Items, maxBytes: number) => Promise<Sealed>,
  open: Envelope['open'] = (payload) => plain().open(payload),
): Envelope => ({ maxItems, seal, open });

/** Changes what the plain envelope is given to seal. */
const sealing = (change: (item: Item, maxBytes: number) => readonly [Item, number]): Envelope =>
  asEnvelope(1, async ([item], maxBytes) => {
    const [changed, limit] = change(item, maxBytes);
    return plain().seal([changed], limit);
  });

/** Changes what the packing envelope has sealed. */
const packing = (change: (sealed: Sealed, items: Items) => Sealed | Promise<Sealed>): Envelope => {
  const packer = createPackingEnvelope();
  return asEnvelope(
    packer.maxItems,
    async (items, maxBytes) => change(await packer.seal(items, maxBytes), items),
    (payload) => packer.open(payload),
  );
};

/** Changes what the packing envelope has opened. */
const opening = (change: (opened: Opened) => Opened): Envelope => {
  const packer = createPackingEnvelope();
  return asEnvelope(
    packer.maxItems,
    async (items, maxBytes) => packer.seal(items, maxBytes),
    async (payload) => change(await packer.open(payload)),
  );
};

const plants: readonly (readonly [flaw: string, createEnvelope: () => Envelope, caughtBy: string])[] = [
  [
    'makes text of bytes',
    () => sealing((item, max) => [{ ...item, content: Buffer.from(item.content).toString('latin1') }, max]),
    'every byte comes out as it went in',
  ],
  [
    'loses attributes',
    () => sealing((item, max) => [{ ...item, attributes: undefined }, max]),
    'attributes come out beside text and beside bytes as they went in',
  ],
  [
    'adds an attribute',
    () =>
      sealing((item, max) => [
        { ...item, attributes: { ...item.attributes, mark: { type: 'String', value: 'x' } } },
        max,
      ]),
    'an item with ten attributes is sealed so that SQS takes it, or refused',
  ],
  [
    'leaves attributes out of the size',
    () =>
      asEnvelope(1, async ([item], maxBytes) => {
        const { payload } = await plain().seal([{ ...item, attributes: undefined }], maxBytes);
        return { payload: { ...payload, attributes: item.attributes }, taken: 1 };
      }),
    'an item about as large as maxBytes is sealed within it, or refused with message-too-large',
  ],
  [
    'counts characters as bytes',
    () =>
      sealing((item, max) => {
        const extra = Buffer.byteLength(item.content) - item.content.length;
        return [item, max + extra];
      }),
    'an item about as large as maxBytes is sealed within it, or refused with message-too-large',
  ],
  [
    'packs more than fits',
    () =>
      asEnvelope(
        20,
        async (items) => createPackingEnvelope().seal(items, 2_000_000),
        (payload) => createPackingEnvelope().open(payload),
      ),
    'a sealed message is never larger than maxBytes, attributes included, nor of another size than is said',
  ],
  [
    'refuses a large item with an error of its own',
    () =>
      asEnvelope(1, async (items, maxBytes) => {
        try {
          return await plain().seal(items, maxBytes);
        } catch (cause) {
          throw new Error('too large', { cause });
        }
      }),
    'a first item that does not fit alone is refused with message-too-large',
  ],
  [
    'cuts a large item off',
    () => sealing((item, max) => [{ ...item, content: item.content.slice(0, max - 200) }, max]),
    'a first item that does not fit alone is refused with message-too-large',
  ],
  [
    'fails for a later item that does not fit',
    () =>
      packing((sealed, items) => {
        if (sealed.taken < Math.min(items.length, 20)) {
          throw new Error('they do not all fit');
        }
        return sealed;
      }),
    'a later item that does not fit is left for the next message',
  ],
  [
    'says that it took one item more',
    () => packing(({ payload, taken }, items) => ({ payload, taken: Math.min(items.length, taken + 1) })),
    'sealing takes a prefix of the items, never none and never more than maxItems; opening gives it back in order',
  ],
  [
    'gives a pack back in another order',
    () => opening(({ items }) => ({ items: items.toReversed() })),
    'sealing takes a prefix of the items, never none and never more than maxItems; opening gives it back in order',
  ],
  [
    'loses the last item of a pack',
    () => opening(({ items }) => ({ items: items.length > 1 ? items.slice(0, -1) : items })),
    'sealing takes a prefix of the items, never none and never more than maxItems; opening gives it back in order',
  ],
  [
    'invents ids',
    () => opening(({ items }) => ({ items: items.map((item) => ({ ...item, id: 'invented' })) })),
    'an id that comes out is the one that went in, and an attempt is a count',
  ],
  [
    'forgets attempts',
    () => opening(({ items }) => ({ items: items.map((item) => ({ ...item, attempt: 0 })) })),
    'the items of a pack come out with their ids, attempts, trace headers and attributes',
  ],
  [
    'forgets the trace headers of a pack',
    () => opening(({ items }) => ({ items: items.map((item) => ({ ...item, traceHeader: undefined })) })),
    'the items of a pack come out with their ids, attempts, trace headers and attributes',
  ],
  [
    'forgets that a lone message has been received before',
    () =>
      opening(({ items }) => ({
        items: items.length > 1 ? items : items.map((item) => ({ ...item, attempt: 0 })),
      })),
    'an item that is sent again, alone, comes out with its attempt and its id',
  ],
  [
    'takes all that it is given, whatever the limit',
    () => {
      const packer = createPackingEnvelope();
      return asEnvelope(
        packer.maxItems,
        async (items) => packer.seal(items, 2_000_000),
        (payload) => packer.open(payload),
      );
    },
    'many small items are sealed within maxBytes, and come out in order',
  ],
  [
    'puts something random into each message',
    () =>
      sealing((item, max) => [
        { ...item, attributes: { ...item.attributes, at: { type: 'String', value: randomUUID() } } },
        max,
      ]),
    'the same items give the same message',
  ],
  [
    'says that nothing fills a message',
    () => ({ ...createPackingEnvelope(), fillBytes: 0 }),
    'what fills a message is a size, before anything was sealed and after',
  ],
  [
    'replaces half a surrogate pair',
    () => sealing((item, max) => [{ ...item, content: Buffer.from(item.content).toString() }, max]),
    'an item that has no form in UTF-8 harms no other',
  ],
  [
    'keeps the items of one seal in the place of those of another',
    () => {
      let last: Items | undefined;
      return asEnvelope(1, async (items, maxBytes) => {
        last = items;
        await Promise.resolve();
        return plain().seal(last, maxBytes);
      });
    },
    'messages that are sealed at the same time do not mix',
  ],
  [
    'throws on what it cannot read',
    () =>
      opening(({ items }) => {
        for (const item of items) {
          if ('error' in item) {
            throw item.error;
          }
        }
        return { items };
      }),
    'whatever comes in is opened without throwing: what cannot be read is a broken item',
  ],
  [
    'takes any JSON for its own',
    () =>
      asEnvelope(
        1,
        async (items, maxBytes) => plain().seal(items, maxBytes),
        async (payload) => {
          const { items } = await plain().open(payload);
          return {
            items: items.map((item) => (payload.body.startsWith('[') ? { ...item, content: '' } : item)),
          };
        },
      ),
    'a message of a producer that knows nothing of envelopes comes out as it is',
  ],
  [
    'takes any tilde for its own',
    () =>
      asEnvelope(1, async ([{ content, attributes }]) => ({
        payload: { body: String(content), attributes },
        taken: 1,
      })),
    'text that looks like the wire format comes out as it went in',
  ],
  [
    'writes over what it is given',
    () =>
      sealing((item, max) => {
        if (typeof item.content !== 'string') {
          item.content.fill(0);
        }
        return [item, max];
      }),
    'sealing and opening leave what they are given as it is',
  ],
];

describe('an envelope with a flaw does not keep the contract: one that', () => {
  test.each(plants)('%s', async (_, createEnvelope, caughtBy) => {
    const { run } = caseNamed(envelopeContract({ createEnvelope }), caughtBy);
    await expect(run()).rejects.toBeInstanceOf(Error);
  });
});
