import assert from 'node:assert/strict';
import {
  type Content,
  type Item,
  isQueueError,
  type MessageAttributes,
  type Opened,
  type OpenedItem,
  type Payload,
  payloadBytes,
  sqsLimits,
} from '@sqskit/core';
import type { ContractCase } from '../contract.ts';
import { noise, noiseBytes } from '../noise.ts';
import { createRandom } from '../random.ts';
import {
  assertAcceptable,
  assertOpened,
  assertSameAttributes,
  assertSameContent,
  failureOf,
  isContent,
  itemOf,
  sealedWithin,
  textOfBytes,
} from './assertions.ts';
import { garbage } from './garbage.ts';
import type { EnvelopeHarness } from './harness.ts';
import { packingCases } from './packing.ts';

const maxBytes = sqsLimits.maxMessageBytes;
const attributes: MessageAttributes = {
  text: { type: 'String', value: 'é 漢字 🚀' },
  number: { type: 'Number.int', value: '42' },
  bytes: { type: 'Binary', value: Uint8Array.from([0, 200, 255]) },
};
const contents: readonly (readonly [what: string, content: Content])[] = [
  ['short text', 'x'],
  ['JSON', JSON.stringify({ id: 17, tags: ['a', 'b'], nested: { quote: '"', back: '\\' } })],
  ['text of every width', 'ascii é ß 漢字 🚀 𝄞 \t\n\r'],
  ['compressible text', 'the same again and again '.repeat(4_000)],
  ['text that hardly compresses', noise(60_000, 1)],
  ['text that looks like the wire format', '~1b AAAA'],
  ['tildes', '~~~'],
  ['a byte', Uint8Array.from([0])],
  ['every byte', Uint8Array.from({ length: 256 }, (_, index) => index)],
  ['compressible bytes', new Uint8Array(50_000).fill(7)],
  ['bytes that are not UTF-8', Uint8Array.from([0xc3, 0x28, 0xff, 0xfe])],
];

/** What every `Envelope` does. */
export function envelopeContract(harness: EnvelopeHarness): readonly ContractCase[] {
  const open = async (payload: Payload): Promise<Opened> => harness.createEnvelope().open(payload);
  const roundTrip = async (item: Item): Promise<OpenedItem> => {
    const { payload, taken } = await harness.createEnvelope().seal([item], maxBytes);
    assert.equal(taken, 1, 'one item is taken of one');
    assertAcceptable(payload, maxBytes);
    const [opened, ...more] = (await open(payload)).items;
    assert.equal(more.length, 0, 'one item comes out of one');
    return assertOpened(opened);
  };

  return [
    ...contents.map(([what, content]) => ({
      name: `${what} comes out as it went in`,
      run: async () => {
        const opened = await roundTrip(itemOf(content));
        assertSameContent(opened.content, content);
        assert.deepEqual(Object.keys(opened.attributes), [], 'no attributes appear');
      },
    })),
    {
      name: 'attributes come out beside text and beside bytes as they went in',
      run: async () => {
        for (const [, content] of contents) {
          const opened = await roundTrip({ ...itemOf(content), attributes });
          assertSameContent(opened.content, content);
          assertSameAttributes(opened.attributes, attributes);
        }
      },
    },
    {
      name: 'an id that comes out is the one that went in, and an attempt is a count',
      run: async () => {
        const opened = await roundTrip({ ...itemOf('x'), id: 'producer-7' });
        assert.ok(opened.id === undefined || opened.id === 'producer-7', 'the id is not another one');
        assert.ok(Number.isInteger(opened.attempt) && opened.attempt >= 0, 'the attempt is a whole number');
      },
    },
    {
      name: 'sealing takes a prefix of the items, never none and never more than maxItems; opening gives it back in order',
      run: async () => {
        const envelope = harness.createEnvelope();
        let rest = Array.from({ length: 25 }, (_, index) => itemOf(`item ${index} ${noise(200, index)}`));
        while (rest[0] !== undefined) {
          const { payload, taken } = await envelope.seal([rest[0], ...rest.slice(1)], maxBytes);
          assert.ok(taken >= 1 && taken <= Math.min(rest.length, envelope.maxItems), 'a prefix is taken');
          const { items } = await open(payload);
          assert.equal(items.length, taken, 'as many items come out as were taken');
          items.forEach((item, index) => {
            assertSameContent(assertOpened(item).content, rest[index]?.content ?? '');
          });
          rest = rest.slice(taken);
        }
      },
    },
    {
      name: 'a sealed message is never larger than maxBytes, attributes included, nor of another size than is said',
      run: async () => {
        for (const limit of [1_024, 4_096, 65_536, 262_144, maxBytes]) {
          const envelope = harness.createEnvelope();
          const random = createRandom(limit);
          let rest = Array.from({ length: 20 }, (_, index) => ({
            ...itemOf(textOfBytes(1 + Math.floor((random() * limit) / 3), index)),
            attributes: { index: { type: 'Number', value: String(index) } } as const,
          }));
          while (rest[0] !== undefined) {
            const { payload, taken, bytes } = await envelope.seal([rest[0], ...rest.slice(1)], limit);
            assertAcceptable(payload, limit);
            assert.equal(
              bytes ?? payloadBytes(payload),
              payloadBytes(payload),
              'the size that it says is right',
            );
            assert.ok(taken >= 1, 'a prefix is taken');
            rest = rest.slice(taken);
          }
        }
      },
    },
    {
      name: 'an item about as large as maxBytes is sealed within it, or refused with message-too-large',
      run: async () => {
        const one = { x: { type: 'String', value: 'y' } } as const; // 8 bytes
        for (const limit of [1_024, 65_536]) {
          for (const spareBytes of [-60, -9, -8, -4, -1, 0, 1, 4, 7, 8, 9, 60]) {
            for (const index of [0, 1]) {
              const item = { ...itemOf(textOfBytes(limit - spareBytes, index)), attributes: one };
              await sealedWithin(harness.createEnvelope(), item, limit);
            }
          }
        }
      },
    },
    {
      name: 'a first item that does not fit alone is refused with message-too-large',
      run: async () => {
        for (const content of [noise(5_000, 3), noiseBytes(5_000, 3)]) {
          const reason = await failureOf(harness.createEnvelope(), itemOf(content), 1_024);
          assert.ok(isQueueError(reason, 'message-too-large'), 'seal throws message-too-large');
          assert.equal(reason.details.maxBytes, 1_024);
          assert.ok(reason.details.bytes > 1_024, 'the error tells how large the message would be');
        }
      },
    },
    {
      name: 'a later item that does not fit is left for the next message',
      run: async () => {
        const items: [Item, Item] = [itemOf('small'), itemOf(noise(5_000, 4))];
        const { payload, taken } = await harness.createEnvelope().seal(items, 1_024);
        assert.equal(taken, 1, 'the one that fits is taken');
        assertSameContent(assertOpened((await open(payload)).items[0]).content, 'small');
      },
    },
    {
      name: 'an item with ten attributes is sealed so that SQS takes it, or refused',
      run: async () => {
        const ten = Object.fromEntries(
          Array.from({ length: 10 }, (_, index) => [`a${index}`, { type: 'String', value: 'x' } as const]),
        );
        for (const content of ['text', Uint8Array.from([255]), 'the same again '.repeat(1_000)]) {
          const item = { ...itemOf(content), attributes: ten };
          const envelope = harness.createEnvelope();
          const reason = await failureOf(envelope, item, maxBytes);
          if (reason === undefined) {
            const opened = await roundTrip(item);
            assertSameContent(opened.content, content);
            assertSameAttributes(opened.attributes, ten);
          } else {
            assert.ok(isQueueError(reason), 'an item is refused with a QueueError');
          }
        }
      },
    },
    {
      name: 'sealing and opening leave what they are given as it is',
      run: async () => {
        const content = Uint8Array.from([1, 2, 3, 250]);
        const item = Object.freeze({ ...itemOf(content), attributes: Object.freeze({ ...attributes }) });
        const { payload } = await harness.createEnvelope().seal([item], maxBytes);
        const before = structuredClone(payload);
        await open(payload);
        assert.deepEqual([...content], [1, 2, 3, 250], 'the content is unchanged');
        assert.deepEqual(payload, before, 'the payload is unchanged');
      },
    },
    {
      name: 'a message of a producer that knows nothing of envelopes comes out as it is',
      run: async () => {
        for (const body of ['{"order":7}', 'plain text', '[1,2]', '"quoted"']) {
          const { items } = await open({ body, attributes });
          assert.equal(items.length, 1);
          const opened = assertOpened(items[0]);
          assertSameContent(opened.content, body);
          assertSameAttributes(opened.attributes, attributes);
        }
      },
    },
    {
      name: 'whatever comes in is opened without throwing: what cannot be read is a broken item',
      run: async () => {
        for (const payload of await garbage(harness.createEnvelope())) {
          const { items } = await open(payload).catch((reason: unknown) =>
            assert.fail(`opening threw ${String(reason)} on ${JSON.stringify(payload).slice(0, 200)}`),
          );
          for (const item of items) {
            assert.ok('error' in item ? isQueueError(item.error) : isContent(item.content));
          }
        }
      },
    },
    ...packingCases(harness),
  ];
}
