import assert from 'node:assert/strict';
import {
  type Envelope,
  type Item,
  isQueueError,
  type MessageAttributes,
  type OpenedItem,
  type Payload,
  type Sealed,
  sqsLimits,
} from '@sqskit/core';
import type { ContractCase } from '../contract.ts';
import { noise } from '../noise.ts';
import {
  assertAcceptable,
  assertOpened,
  assertSameAttributes,
  assertSameContent,
  itemOf,
} from './assertions.ts';
import type { EnvelopeHarness } from './harness.ts';

const maxBytes = sqsLimits.maxMessageBytes;

type Items = readonly [Item, ...Item[]];

const plainItems: Items = itemsOf(12, (index) => ({
  ...itemOf(JSON.stringify({ index, note: 'the same again' })),
  id: `producer-${index + 7}`,
}));

/** Everything that an item can carry, and every kind of content; of each, some items have it and some have not. */
const variedItems: Items = itemsOf(12, (index) => ({
  id: index % 5 === 0 ? 'an id of the user’s own "\n"' : `producer-${index + 7}`,
  content:
    [
      `text ${index}`,
      'over\ntwo lines\n',
      Uint8Array.of(10, 0, 255, 10),
      'é 漢字 🚀',
      new Uint8Array(),
      '~~',
    ][index % 6] ?? '',
  attributes: index % 3 === 0 ? undefined : attributesOf(index),
  traceHeader: index % 4 === 0 ? undefined : `Root=1-5759e988-bd862e3fe1be46a994272793;Sampled=${index % 2}`,
  attempt: index % 4,
}));

/** What an envelope that packs does; of one that does not, only what concerns it is asked. */
export function packingCases(harness: EnvelopeHarness): readonly ContractCase[] {
  /** Seals all of the items, in as many messages as it takes, and gives back what comes out. */
  async function throughPacks(items: Items, limit: number): Promise<void> {
    const envelope = harness.createEnvelope();
    let rest: readonly Item[] = items;
    for (let first = rest[0]; first !== undefined; first = rest[0]) {
      const { payload, taken } = await sealed(envelope, [first, ...rest.slice(1)], limit);
      const opened = (await harness.createEnvelope().open(payload)).items;
      assert.equal(opened.length, taken, 'as many items come out as were taken');
      for (const [index, given] of opened.entries()) {
        assertCarried(assertOpened(given), rest[index], taken);
      }
      rest = rest.slice(taken);
    }
  }

  return [
    {
      name: 'the items of a pack come out with their ids, attempts, trace headers and attributes',
      run: async () => {
        if (harness.createEnvelope().maxItems > 1) {
          await throughPacks(plainItems, maxBytes);
          await throughPacks(variedItems, maxBytes);
          await throughPacks(variedItems, 1_024);
        }
      },
    },
    {
      name: 'an item that is sent again, alone, comes out with its attempt and its id',
      run: async () => {
        const envelope = harness.createEnvelope();
        if (envelope.maxItems > 1) {
          const again: Item = {
            ...itemOf('again'),
            id: 'producer-7',
            attempt: 3,
            attributes: attributesOf(1),
          };
          const { payload } = await sealed(envelope, [again], maxBytes);
          const [opened] = (await harness.createEnvelope().open(payload)).items;
          assertCarried(assertOpened(opened), again, 2);
        }
      },
    },
    {
      name: 'many small items are sealed within maxBytes, and come out in order',
      run: async () => {
        const many = itemsOf(400, (index) => itemOf(`${index} ${noise(index % 90, index)}`));
        for (const limit of [1_024, 10_000, 65_536]) {
          await throughPacks(many, limit);
        }
      },
    },
    {
      name: 'the same items give the same message',
      run: async () => {
        for (const items of [plainItems, variedItems]) {
          const [once, again] = [harness.createEnvelope(), harness.createEnvelope()];
          const [first] = items;
          const given: Items = once.maxItems > 1 ? items : [{ ...first, attempt: 0, traceHeader: undefined }];
          assert.deepEqual(await once.seal(given, maxBytes), await again.seal(given, maxBytes));
        }
      },
    },
    {
      name: 'what fills a message is a size, before anything was sealed and after',
      run: async () => {
        const envelope = harness.createEnvelope();
        const isSize = (): boolean => envelope.fillBytes === undefined || envelope.fillBytes >= 1;
        assert.ok(isSize());
        await sealed(envelope, plainItems, maxBytes);
        await sealed(envelope, [itemOf('a'), itemOf('b')], 1_024);
        assert.ok(isSize());
      },
    },
    {
      name: 'an item that has no form in UTF-8 harms no other',
      run: async () => {
        const good = itemOf('good');
        const bad = itemOf('half a pair: \ud83d');
        const { payload, taken } = await sealed(harness.createEnvelope(), [good, bad, good], maxBytes);
        await assertOpensTo(payload, [good, bad, good].slice(0, taken));
        try {
          // SQS would refuse a body like that, or replace what is wrong in it: the sender looks for it.
          const first = await sealedAnyhow(harness.createEnvelope(), [bad, good], maxBytes);
          await assertOpensTo(first.payload, [bad, good].slice(0, first.taken));
        } catch (reason) {
          assert.ok(isQueueError(reason), 'it is refused with a QueueError');
        }
      },
    },
    {
      name: 'messages that are sealed at the same time do not mix',
      run: async () => {
        const envelope = harness.createEnvelope();
        const batches: readonly Items[] = [1, 2, 3, 4].map((seed) =>
          itemsOf(4, (index) => itemOf(noise(20_000, 4 * seed + index))),
        );
        const messages = await Promise.all(batches.map((items) => sealed(envelope, items, maxBytes)));
        for (const [index, { payload, taken }] of messages.entries()) {
          await assertOpensTo(payload, batches[index]?.slice(0, taken) ?? []);
        }
      },
    },
  ];

  /** To the same texts, half a surrogate pair included. */
  async function assertOpensTo(payload: Payload, items: readonly Item[]): Promise<void> {
    const opened = (await harness.createEnvelope().open(payload)).items;
    assert.deepEqual(
      opened.map((given) => assertOpened(given).content),
      items.map(({ content }) => content),
    );
  }
}

function sealedAnyhow(envelope: Envelope, items: Items, limit: number): Sealed | Promise<Sealed> {
  return envelope.seal(envelope.maxItems > 1 ? items : [items[0]], limit);
}

async function sealed(envelope: Envelope, items: Items, limit: number): Promise<Sealed> {
  const result = await sealedAnyhow(envelope, items, limit);
  assert.ok(
    result.taken >= 1 && result.taken <= Math.min(items.length, envelope.maxItems),
    'a prefix is taken',
  );
  assertAcceptable(result.payload, limit);
  return result;
}

/** Of an item that was alone, what the SQS message says itself need not be carried. */
function assertCarried(opened: OpenedItem, item: Item | undefined, taken: number): void {
  assert.ok(item !== undefined);
  assertSameContent(opened.content, item.content);
  assertSameAttributes(opened.attributes, item.attributes ?? {});
  assert.equal(opened.attempt, item.attempt, 'the attempt is the same');
  if (taken > 1) {
    assert.equal(opened.id, item.id, 'the id is the same');
    assert.equal(opened.traceHeader, item.traceHeader, 'the trace header is the same');
  }
}

function itemsOf(count: number, make: (index: number) => Item): Items {
  return [make(0), ...Array.from({ length: count - 1 }, (_, index) => make(index + 1))];
}

function attributesOf(index: number): MessageAttributes {
  return {
    index: { type: 'Number', value: String(index) },
    ...(index % 2 === 0 ? { raw: { type: 'Binary.own', value: Uint8Array.of(index, 255) } } : {}),
  };
}
