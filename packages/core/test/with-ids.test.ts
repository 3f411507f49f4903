import { expect, test } from 'vitest';
import { type Envelope, plain } from '../src/envelope.ts';
import { idAttribute, withIds } from '../src/with-ids.ts';

const maxBytes = 1_048_576;
const item = { id: 'order-1', content: '{}', attempt: 0 };

test('the id travels as an attribute and comes out as the id, beside the own attributes', async () => {
  const envelope = withIds(plain());
  const own = { source: { type: 'String', value: 'shop' } } as const;
  const { payload } = await envelope.seal([{ ...item, attributes: own }], maxBytes);
  expect(payload.attributes).toEqual({ ...own, [idAttribute]: { type: 'String', value: 'order-1' } });
  const { items } = await envelope.open(payload);
  expect(items).toEqual([{ id: 'order-1', content: '{}', attributes: own, attempt: 0 }]);
});

test('a message without the attribute comes out as it is', async () => {
  const { items } = await withIds(plain()).open({ body: '{}' });
  expect(items).toEqual([{ content: '{}', attributes: {}, attempt: 0 }]);
});

test('a message with ten attributes of its own is refused', () => {
  const attributes = Object.fromEntries(
    Array.from({ length: 10 }, (_, index) => [`a${index}`, { type: 'String', value: 'x' } as const]),
  );
  expect(() => withIds(plain()).seal([{ ...item, attributes }], maxBytes)).toThrow(
    expect.objectContaining({ code: 'message-invalid' }),
  );
});

test('where a packing envelope takes the first alone, it is sealed again with its id, and the other seal is discarded', async () => {
  let discarded = 0;
  const inner: Envelope = {
    ...plain(),
    maxItems: 10,
    seal: async ([first], limit) => ({
      ...(await plain().seal([first], limit)),
      discard: async () => void discarded++,
    }),
  };
  const { payload, taken } = await withIds(inner).seal([item, { ...item, id: 'order-2' }], maxBytes);
  expect(taken).toBe(1);
  expect(payload.attributes).toEqual({ [idAttribute]: { type: 'String', value: 'order-1' } });
  expect(discarded).toBe(1);
});

test('where the other seal cannot be discarded the message is sealed again all the same', async () => {
  const inner: Envelope = {
    ...plain(),
    maxItems: 10,
    seal: async ([first], limit) => ({
      ...(await plain().seal([first], limit)),
      discard: () => Promise.reject(new Error('no permission')),
    }),
  };
  const { taken } = await withIds(inner).seal([item, { ...item, id: 'order-2' }], maxBytes);
  expect(taken).toBe(1);
});
