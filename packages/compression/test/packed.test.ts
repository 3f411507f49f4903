import { contentBytes, type Item, isQueueError, payloadBytes, plain, type Recorder } from '@sqskit/core';
import { createRandom } from '@sqskit/testing';
import { describe, expect, test } from 'vitest';
import { type PackingOptions, packed } from '../src/index.ts';
import { anyBytes, itemOf, openedOrError, sealSoon } from './opening.ts';

const random = createRandom(7);
const events: readonly Item[] = Array.from({ length: 40_000 }, (_, index) => ({
  id: `test-${index}`,
  content: JSON.stringify({
    id: index,
    magnitude: random() * 9,
    depthKm: random() * 700,
    place: 'Añatuya, Argentina',
    felt: null,
  }),
  attempt: 0,
}));

type Items = [Item, ...Item[]];

/** As a sender does: gathers what fills a message, and seals it. */
async function packsOf(
  options: PackingOptions,
  maxBytes: number,
): Promise<readonly { readonly bytes: number; readonly given: number; readonly taken: number }[]> {
  const envelope = packed({ maxBlockMs: anyBytes, maxItems: 10_000, ...options });
  const packs: { bytes: number; given: number; taken: number }[] = [];
  let from = 0;
  for (let first = events[from]; first !== undefined; first = events[from]) {
    const given: Items = [first];
    let bytes = contentBytes(first.content);
    for (
      let next = events[from + given.length];
      next !== undefined && bytes + contentBytes(next.content) <= (envelope.fillBytes ?? 0);
      next = events[from + given.length]
    ) {
      given.push(next);
      bytes += contentBytes(next.content);
    }
    const { payload, taken } = await envelope.seal(given, maxBytes);
    packs.push({ bytes: payloadBytes(payload), given: given.length, taken });
    from += taken;
  }
  return packs.slice(0, -1); // the last has what was left
}

describe('packs are filled', () => {
  test.each<readonly [what: string, options: PackingOptions, limit: number]>([
    ['of one billed unit', {}, 65_536],
    ['in an attribute', { transport: 'attribute' }, 65_536],
    ['by deflate', { algorithm: 'deflate', level: 1 }, 65_536],
    ['of 16 KiB', { targetBytes: 16_384 }, 16_384],
  ])('%s to about their target, seldom sealed twice and never above it', async (_, options, limit) => {
    const packs = await packsOf(options, 1_048_576);
    const settled = packs.slice(6);
    expect(Math.max(...packs.map(({ bytes }) => bytes))).toBeLessThanOrEqual(limit);
    expect(settled.reduce((sum, { bytes }) => sum + bytes, 0) / settled.length).toBeGreaterThan(0.95 * limit);
    expect(settled.filter(({ given, taken }) => taken < given).length).toBeLessThanOrEqual(
      settled.length / 10,
    );
  });

  test('never above what the queue takes, where that is less than the target', async () => {
    const packs = await packsOf({}, 10_000);
    expect(Math.max(...packs.map(({ bytes }) => bytes))).toBeLessThanOrEqual(10_000);
    expect(packs.length).toBeGreaterThan(5);
  });

  test('with as many as fit, where more was given than does', async () => {
    const noisy: Items = [
      itemOf('first'),
      ...Array.from({ length: 400 }, (_, seed) =>
        itemOf(
          Array.from({ length: 100 }, () => Math.floor(createRandom(seed * 7)() * 2 ** 48).toString(36)).join(
            '',
          ) + Array.from({ length: 60 }, () => Math.floor(random() * 2 ** 48).toString(36)).join(''),
        ),
      ),
    ];
    const envelope = packed();
    const { payload, taken } = await envelope.seal(noisy, 65_536);
    expect(taken).toBeGreaterThan(1);
    expect(taken).toBeLessThan(noisy.length);
    expect(payloadBytes(payload)).toBeLessThanOrEqual(65_536);
    expect((await envelope.open(payload)).items.length).toBe(taken);
  });

  test('alone, where no two fit the target', async () => {
    const text = (): string =>
      Array.from({ length: 300 }, () => Math.floor(random() * 2 ** 48).toString(36)).join('');
    const envelope = packed({ targetBytes: 1_024 });
    const items: Items = [itemOf(text()), itemOf(text())];
    const { payload, taken } = await envelope.seal(items, 1_048_576);
    expect(taken).toBe(1);
    expect(await openedOrError(envelope, payload)).toMatchObject({ content: items[0].content });
  });
});

describe('a message that comes alone', () => {
  test('is plain where compressing is of no use, and never larger', async () => {
    const item = itemOf('{"id":1}', { kind: { type: 'String', value: 'x' } });
    expect(await packed().seal([item], anyBytes)).toEqual(await plain().seal([item], anyBytes));
  });

  test('is compressed where that is smaller', async () => {
    const { payload } = await sealSoon(packed(), 'the same again '.repeat(50));
    expect(payload.body).toMatch(/^~1c/);
  });

  test('is a pack of one where it has something to carry', async () => {
    for (const item of [
      { ...itemOf('again'), attributes: {}, attempt: 2 },
      { ...itemOf('traced'), attributes: {}, traceHeader: 'Root=1' },
    ]) {
      const { payload } = await packed().seal([item], anyBytes);
      expect(payload.body).toMatch(/^~1p/);
      expect(await openedOrError(packed(), payload)).toMatchObject(item);
    }
  });

  test('is refused where it is sent again, and has no form in UTF-8', async () => {
    const bad = { ...itemOf('half \ud83d'), attempt: 1 };
    const sealing = async (): Promise<unknown> => packed().seal([bad], anyBytes);
    await expect(sealing()).rejects.toMatchObject({ code: 'message-invalid' });
  });

  test('is refused where it is too large', async () => {
    const large = { ...itemOf(crypto.randomUUID().repeat(40)), attempt: 1 };
    const sealing = async (): Promise<unknown> => packed().seal([large], 60);
    const error = await sealing().catch((reason: unknown) => reason);
    expect(isQueueError(error, 'message-too-large')).toBe(true);
  });
});

describe('packs that once came out wrong', () => {
  const noise = (seed: number, length: number): string => {
    const draw = createRandom(seed);
    return Array.from({ length }, () => Math.floor(draw() * 36).toString(36)).join('');
  };
  const zeros = (count: number): Item[] =>
    Array.from({ length: count }, (_, index) => ({ ...itemOf('0'.repeat(1_000)), id: `zeros-${index}` }));
  const noisy = (count: number, from = 0): Item[] =>
    Array.from({ length: count }, (_, index) => ({
      ...itemOf(noise(from + index, 1_000)),
      id: `n-${index}`,
    }));

  test('are no larger than their queue takes, where another is sealed meanwhile for one that takes more', async () => {
    const envelope = packed({ maxBlockMs: 0, targetBytes: 1_048_576 });
    const [first, ...rest] = noisy(500, 1_000);
    const small = envelope.seal([itemOf(noise(0, 1_000)), ...noisy(25, 1), ...zeros(40)], 20_000);
    const large = envelope.seal([first ?? itemOf(''), ...rest], 1_048_576);
    expect(payloadBytes((await small).payload)).toBeLessThanOrEqual(20_000);
    expect(payloadBytes((await large).payload)).toBeGreaterThan(100_000);
  });

  test('can be read by those who expand no more, however long the ids', async () => {
    const envelope = packed({ maxOutputBytes: 65_536, maxItems: 10_000 });
    const ids = Array.from({ length: 4_000 }, (_, index) => `${noise(index, 30)}x`);
    const { payload, taken } = await envelope.seal(
      [itemOf('a'), ...ids.map((id) => ({ ...itemOf('a'), id }))],
      1_048_576,
    );
    expect(taken).toBeGreaterThan(1_500);
    expect((await envelope.open(payload)).items.length).toBe(taken);
  });

  test('have no header that readers refuse for its length', async () => {
    const envelope = packed({ targetBytes: 1_048_576 });
    const attributes = { note: { type: 'String', value: 'x'.repeat(3_000) } } as const;
    const { payload, taken } = await envelope.seal(
      [itemOf('first'), ...zeros(999).map((item) => ({ ...item, content: '0', attributes }))],
      1_048_576,
    );
    expect(taken).toBeGreaterThan(300);
    expect(taken).toBeLessThan(350);
    expect((await envelope.open(payload)).items.length).toBe(taken);
    const heavy = { raw: { type: 'Binary', value: new Uint8Array(900_000) } } as const;
    const alone = await envelope.seal([{ ...itemOf('a', heavy), attempt: 1 }], 1_048_576);
    expect(await openedOrError(envelope, alone.payload)).toMatchObject({ content: 'a', attributes: heavy });
  });

  test('can be read where what is sent again is nearly all that may be expanded', async () => {
    const envelope = packed({ maxOutputBytes: 2_000 });
    const content = 'x'.repeat(1_990);
    const { payload } = await envelope.seal([{ ...itemOf(content), attempt: 1 }], 1_048_576);
    expect(await openedOrError(envelope, payload)).toMatchObject({ content });
  });

  test('are soon sealed once, after messages that compressed a thousand times better', async () => {
    const envelope = packed();
    const sealed = async (items: readonly Item[]): Promise<void> => {
      await envelope.seal([itemOf('first'), ...items], 1_048_576);
    };
    for (let pack = 0; pack < 5; pack++) {
      await sealed(zeros(999));
    }
    expect(envelope.fillBytes).toBeGreaterThan(5_000_000);
    const events = noisy(500);
    for (let pack = 0; pack < 25; pack++) {
      await sealed(events);
    }
    expect(envelope.fillBytes).toBeLessThan(120_000);
  });
});

test('a recorder is told of each pack', async () => {
  const records: [name: string, value: number][] = [];
  const recorder: Recorder = {
    enabled: true,
    counter: () => ({ add: () => undefined }),
    gauge: () => ({ set: () => undefined }),
    histogram: (name, unit) => ({ record: (value) => records.push([`${name} ${unit}`, value]) }),
  };
  const envelope = packed({ recorder });
  const given: Items = [itemOf('a'), ...events.slice(0, 50)];
  const { payload } = await envelope.seal(given, anyBytes);
  const raw = given.reduce((sum, { content }) => sum + Buffer.byteLength(content), 0);
  expect(records).toEqual([
    ['CompressionTime Milliseconds', expect.any(Number)],
    ['CompressionRatio None', raw / payloadBytes(payload)],
    ['MessagesPerPack Count', 51],
  ]);
});

test('explains how many messages like one fill a pack, better the more it has packed', async () => {
  const envelope = packed({ maxItems: 5_000, maxBlockMs: anyBytes });
  const [first] = events;
  const content = first?.content ?? '';
  const before = envelope.explain(content).itemsPerPack;
  await envelope.seal([itemOf(content), ...events.slice(1, 3_000)], anyBytes);
  const after = envelope.explain(content).itemsPerPack;
  expect(before).toBeGreaterThan(100);
  expect(after).not.toBe(before);
  expect(packed({ maxItems: 7 }).explain('x').itemsPerPack).toBe(7);
});
