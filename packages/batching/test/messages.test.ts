import { type Codec, isQueueError, type OutgoingMessage } from '@sqskit/core';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { checkMessage, checkSealed } from '../src/message-rules.ts';
import { type SetUp, setUp, thrownBy } from './set-up.ts';

/** The field that a message fails for, or `undefined` where it is sent. */
async function refusedField({ producer, clock }: SetUp, message: unknown): Promise<string | undefined> {
  try {
    await clock.settle(producer.send(message as OutgoingMessage<string>)); // what JavaScript may pass
    return undefined;
  } catch (error) {
    return isQueueError(error, 'message-invalid') ? error.details.field : String(error);
  }
}

const attribute = (value: unknown, type: unknown = 'String', name = 'a'): unknown => ({
  body: 'x',
  attributes: { [name]: { type, value } },
});

const refusedOnStandard: readonly (readonly [string, unknown, string])[] = [
  ['null', null, 'message'],
  ['a text instead of a message', 'hello', 'message'],
  ['an empty body', { body: '' }, 'body'],
  ['a null character in the body', { body: 'a\u0000' }, 'body'],
  ['an escape character in the body', { body: '\u001b[1m' }, 'body'],
  ['U+FFFE in the body', { body: 'a\ufffe' }, 'body'],
  ['half a surrogate pair in the body', { body: 'a\ud83d' }, 'body'],
  ['an empty id', { body: 'x', id: '' }, 'id'],
  ['a number as id', { body: 'x', id: 7 }, 'id'],
  ['attributes that are no object', { body: 'x', attributes: 'a=b' }, 'attributes'],
  [
    'eleven attributes',
    {
      body: 'x',
      attributes: Object.fromEntries(
        Array.from({ length: 11 }, (_, n) => [`a${n}`, { type: 'String', value: 'x' }]),
      ),
    },
    'attributes',
  ],
  ['an attribute without type and value', { body: 'x', attributes: { a: 'b' } }, "attributes['a']"],
  ['an attribute name with a space', attribute('x', 'String', 'a b'), "the name of attributes['a b']"],
  [
    'an attribute name beginning with AWS.',
    attribute('x', 'String', 'Aws.a'),
    "the name of attributes['Aws.a']",
  ],
  ['an attribute name beginning with a dot', attribute('x', 'String', '.a'), "the name of attributes['.a']"],
  ['an attribute name ending with a dot', attribute('x', 'String', 'a.'), "the name of attributes['a.']"],
  [
    'an attribute name with two dots together',
    attribute('x', 'String', 'a..b'),
    "the name of attributes['a..b']",
  ],
  ['an unknown attribute type', attribute('x', 'Boolean'), "attributes['a'].type"],
  ['an attribute type in lower case', attribute('x', 'string'), "attributes['a'].type"],
  ['a custom type without a label', attribute('x', 'String.'), "attributes['a'].type"],
  [
    'an attribute type of 257 characters',
    attribute('x', `String.${'a'.repeat(250)}`),
    "attributes['a'].type",
  ],
  ['an empty attribute value', attribute(''), "attributes['a'].value"],
  ['an empty binary attribute', attribute(new Uint8Array(), 'Binary'), "attributes['a'].value"],
  ['a text as binary attribute', attribute('x', 'Binary'), "attributes['a'].value"],
  ['bytes as text attribute', attribute(new Uint8Array(1)), "attributes['a'].value"],
  ['a number as number attribute', attribute(5, 'Number'), "attributes['a'].value"],
  ['a number attribute that is no number', attribute('5x', 'Number'), "attributes['a'].value"],
  ['a hexadecimal number attribute', attribute('0x1f', 'Number'), "attributes['a'].value"],
  ['a number attribute of 39 digits', attribute('1'.repeat(39), 'Number'), "attributes['a'].value"],
  ['a number attribute that is too large', attribute('1e127', 'Number.float'), "attributes['a'].value"],
  ['a number attribute that is too small', attribute('1e-129', 'Number'), "attributes['a'].value"],
  ['a number attribute of nothing but a sign', attribute('-', 'Number'), "attributes['a'].value"],
  ['a control character in an attribute', attribute('a\u0001'), "attributes['a'].value"],
  ['a deduplication id', { body: 'x', deduplicationId: 'd' }, 'deduplicationId'],
  ['an empty group id', { body: 'x', groupId: '' }, 'groupId'],
  ['a group id of 129 characters', { body: 'x', groupId: 'g'.repeat(129) }, 'groupId'],
  ['a group id with a space', { body: 'x', groupId: 'a b' }, 'groupId'],
  ['a group id with a letter that is not ASCII', { body: 'x', groupId: 'é' }, 'groupId'],
  ['a number as group id', { body: 'x', groupId: 7 }, 'groupId'],
  ['a negative delay', { body: 'x', delayMs: -1 }, 'delayMs'],
  ['a delay above 15 minutes', { body: 'x', delayMs: 900_001 }, 'delayMs'],
  ['a delay that is no number', { body: 'x', delayMs: '5' }, 'delayMs'],
  ['a delay of NaN', { body: 'x', delayMs: Number.NaN }, 'delayMs'],
  ['an empty trace header', { body: 'x', traceHeader: '' }, 'traceHeader'],
];

const refusedOnFifo: readonly (readonly [string, unknown, string])[] = [
  ['no group', { body: 'x' }, 'groupId'],
  ['a delay', { body: 'x', groupId: 'g', delayMs: 1_000 }, 'delayMs'],
  ['an empty deduplication id', { body: 'x', groupId: 'g', deduplicationId: '' }, 'deduplicationId'],
  [
    'a deduplication id of 129 characters',
    { body: 'x', groupId: 'g', deduplicationId: 'd'.repeat(129) },
    'deduplicationId',
  ],
  ['an id that cannot stand as deduplication id', { body: 'x', groupId: 'g', id: 'a b' }, 'id'],
];

const taken: readonly (readonly [string, unknown])[] = [
  [
    'tab, line feed, carriage return, and the last of every allowed range',
    { body: '\t\n\r \ud7ff\ue000\ufffd\u{10000}\u{10ffff}' },
  ],
  [
    'ten attributes',
    {
      body: 'x',
      attributes: Object.fromEntries(
        Array.from({ length: 10 }, (_, n) => [`a.${n}_-B`, { type: 'String', value: 'x' }]),
      ),
    },
  ],
  ['binary attributes', attribute(new Uint8Array([0]), 'Binary.png')],
  [
    'numbers of every form',
    {
      body: 'x',
      attributes: Object.fromEntries(
        ['0', '-0.0', '+1.5', '.5', '5.', '1e126', '1E-128', '9'.repeat(38), `1${'0'.repeat(60)}`].map(
          (value, n) => [`n${n}`, { type: 'Number', value }],
        ),
      ),
    },
  ],
  [
    'a group on a standard queue, which makes it fair',
    { body: 'x', groupId: `a~!"#$%&'()*+,-./:;<=>?@[\\]^_\`{|}` },
  ],
  ['a delay of 0 and of 15 minutes', { body: 'x', delayMs: 0 }],
  ['the longest delay', { body: 'x', delayMs: 900_000 }],
  ['an id of any form', { body: 'x', id: 'ü 1' }],
];

describe('a message is checked before anything is sent', () => {
  test.each(refusedOnStandard)('%s is refused', async (_, message, field) => {
    const s = setUp();
    expect(await refusedField(s, message)).toBe(field);
    expect(s.queue.calls).toEqual([]);
    expect(s.producer.stats()).toMatchObject({ bufferedMessages: 0, bufferedBytes: 0, failed: 0 });
  });

  test.each(refusedOnFifo)('on a FIFO queue, %s is refused', async (_, message, field) => {
    const s = setUp({}, { fifo: true });
    expect(await refusedField(s, message)).toBe(field);
    expect(s.queue.calls).toEqual([]);
  });

  test.each(taken)('%s: taken, and accepted by the queue', async (_, message) => {
    const s = setUp();
    expect(await refusedField(s, message)).toBeUndefined();
    expect(s.queue.accepted.length).toBe(1);
  });

  test('what is refused costs its neighbours nothing', async () => {
    const { clock, producer, errorOf, batches } = setUp();
    const good = producer.send({ body: 'good' });
    const bad = producer.send({ body: 'bad', groupId: 'not a group' });
    const better = producer.send({ body: 'better' });
    expect(await errorOf(bad)).toMatchObject({
      code: 'message-invalid',
      outcome: 'rejected',
      retryable: false,
      details: { field: 'groupId', received: "'not a group'" },
    });
    await clock.settle(Promise.all([good, better]));
    expect(batches()).toEqual([['good', 'better']]);
  });

  test('trySend refuses in the same way, by a rejected promise', async () => {
    const { producer, errorOf } = setUp();
    expect(await errorOf(producer.trySend({ body: '' }))).toMatchObject({ code: 'message-invalid' });
  });

  test('an error never holds the body or an attribute value', async () => {
    const { producer, errorOf } = setUp();
    const errors = [
      await errorOf(producer.send({ body: 'secret\u0000' })),
      await errorOf(producer.send({ body: 'x', attributes: { a: { type: 'Number', value: 'secret' } } })),
      await errorOf(
        producer.send({ body: 'x', attributes: { a: { type: 'String', value: 'secret\u0000' } } }),
      ),
    ];
    for (const error of errors) {
      expect(JSON.stringify([error.message, error.details])).not.toContain('secret');
    }
    expect(errors[0]?.message).toContain('U+0000 at index 6');
  });
});

describe('the characters of a body', () => {
  const allowed = /^[\t\n\r\u{20}-\u{D7FF}\u{E000}-\u{FFFD}\u{10000}-\u{10FFFF}]*$/u;
  const anyUtf16 = fc.string({
    unit: fc
      .oneof(
        fc.integer({ min: 0, max: 0xff_ff }),
        fc.integer({ min: 0, max: 0x24 }),
        fc.integer({ min: 0xd8_00, max: 0xdf_ff }),
        fc.constant(0x61),
      )
      .map((unit) => String.fromCharCode(unit)),
    minLength: 1,
  });

  test('exactly those of the XML that SQS speaks are taken', () => {
    fc.assert(
      fc.property(anyUtf16, (body) => {
        const refused = thrownBy(() => checkSealed({ payload: { body } }, undefined)) !== undefined;
        expect(refused).toBe(!allowed.test(body));
      }),
      { numRuns: 2_000 },
    );
  });
});

describe('any input', () => {
  test('is taken or refused with message-invalid, whatever it is', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.anything(),
          fc.record(
            {
              body: fc.anything(),
              id: fc.anything(),
              attributes: fc.anything(),
              groupId: fc.anything(),
              deduplicationId: fc.anything(),
              delayMs: fc.anything(),
              traceHeader: fc.anything(),
            },
            { requiredKeys: [] },
          ),
          fc.record({
            attributes: fc.dictionary(
              fc.string(),
              fc.oneof(fc.anything(), fc.record({ type: fc.anything(), value: fc.anything() })),
            ),
          }),
        ),
        fc.boolean(),
        (message, fifo) => {
          const error = thrownBy(() => checkMessage(message as OutgoingMessage<unknown>, fifo)); // what JavaScript may pass
          expect(error === undefined || isQueueError(error, 'message-invalid')).toBe(true);
        },
      ),
      { numRuns: 500 },
    );
  });
});

describe('encoding', () => {
  test('a codec that throws fails that message alone, with the reason as cause', async () => {
    const reason = new TypeError('cannot');
    const { clock, producer, errorOf, batches } = setUp({
      codec: {
        encode: (value) => {
          if (value === 'bad') {
            throw reason;
          }
          return value;
        },
        decode: String,
      },
    });
    const bad = producer.send({ body: 'bad' });
    const good = producer.send({ body: 'good' });
    expect(await errorOf(bad)).toMatchObject({ code: 'encode-failed', outcome: 'rejected', cause: reason });
    await clock.settle(good);
    expect(batches()).toEqual([['good']]);
  });

  test.each([
    ['a promise that rejects', () => Promise.reject(new Error('no'))],
    ['a number', () => 7],
    ['undefined', () => undefined],
    ['an array', () => [1, 2]],
    ['bytes of eight each', () => new Float64Array(1)],
  ])('regression: a codec that gave %s was taken at its word', async (_, give) => {
    const codec = { encode: (body: string) => (body === 'bad' ? give() : body), decode: String };
    const { clock, producer, batches, errorOf } = setUp({ codec: codec as Codec<string> }); // what JavaScript may pass
    const neighbour = producer.send({ body: 'good' });
    expect(await errorOf(producer.send({ body: 'bad' }))).toMatchObject({
      code: 'encode-failed',
      outcome: 'rejected',
    });
    await clock.settle(neighbour);
    expect(batches()).toEqual([['good']]);
  });

  test.each([[null], ['now'], [{ aborted: false }], [new AbortController()]])(
    'regression: with a signal that is none, %j, flush and close never ended',
    async (signal) => {
      const { clock, producer, errorOf } = setUp();
      const options = { signal: signal as AbortSignal }; // what JavaScript may pass
      const refusal = { code: 'option-invalid', details: { option: 'signal' } };
      expect(await errorOf(producer.send({ body: 'x' }, options))).toMatchObject(refusal);
      expect(await errorOf(producer.trySend({ body: 'x' }, options))).toMatchObject(refusal);
      await clock.settle(producer.flush());
      expect(await clock.settle(producer.close())).toEqual({ sent: 0, undelivered: [] });
    },
  );

  test('a message too large for the queue fails alone, at once, with its size', async () => {
    const { producer, errorOf, queue } = setUp({ maxMessageBytes: 2_000 });
    const attributes = { a: { type: 'String', value: 'x' } } as const; // 8 bytes
    const error = await errorOf(producer.send({ body: 'é'.repeat(997), attributes }));
    expect(error).toMatchObject({
      code: 'message-too-large',
      outcome: 'rejected',
      details: { bytes: 2_002, maxBytes: 2_000 },
    });
    expect(queue.calls).toEqual([]);
    expect(producer.stats().bufferedBytes).toBe(0);
  });

  test('a message exactly as large as the queue allows is sent', async () => {
    const { clock, producer, queue } = setUp({ maxMessageBytes: 2_000 }, { maxMessageBytes: 2_000 });
    await clock.settle(producer.send({ body: 'é'.repeat(1_000) }));
    expect(queue.accepted.length).toBe(1);
  });
});
