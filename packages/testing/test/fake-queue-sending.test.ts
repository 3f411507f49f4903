import type { SendEntry } from '@sqskit/core';
import { describe, expect, test } from 'vitest';
import { codes, setUp } from './queue-set-up.ts';

describe('the rules for what is sent', () => {
  const withAttribute = (name: string, value: string | Uint8Array = 'x', type = 'String'): SendEntry => ({
    body: 'b',
    // As JavaScript may give it.
    attributes: { [name]: { type: type as 'String', value } },
  });
  const standard: readonly (readonly [what: string, entry: SendEntry, code: string])[] = [
    ['an empty body', { body: '' }, 'MissingParameter'],
    ['a control character', { body: 'a\u0000' }, 'InvalidMessageContents'],
    ['half of a surrogate pair', { body: 'a\ud83d' }, 'InvalidMessageContents'],
    ['a noncharacter', { body: 'a\ufffe' }, 'InvalidMessageContents'],
    ['an attribute name with a space', withAttribute('a b'), 'InvalidParameterValue'],
    ['an attribute name that begins with a dot', withAttribute('.a'), 'InvalidParameterValue'],
    ['an attribute name that ends with a dot', withAttribute('a.'), 'InvalidParameterValue'],
    ['an attribute name with two dots in a row', withAttribute('a..b'), 'InvalidParameterValue'],
    ['an attribute name reserved by AWS', withAttribute('AWS.x'), 'InvalidParameterValue'],
    ['an attribute name of 257 characters', withAttribute('a'.repeat(257)), 'InvalidParameterValue'],
    ['an attribute type that is none', withAttribute('a', 'x', 'Text'), 'InvalidParameterValue'],
    ['an empty attribute', withAttribute('a', ''), 'InvalidParameterValue'],
    ['bytes as a String', withAttribute('a', Uint8Array.of(1)), 'InvalidParameterValue'],
    ['text as Binary', withAttribute('a', 'x', 'Binary'), 'InvalidParameterValue'],
    ['a Number that is none', withAttribute('a', 'one', 'Number'), 'InvalidParameterValue'],
    ['a control character in an attribute', withAttribute('a', '\u0007'), 'InvalidParameterValue'],
    ['a negative delay', { body: 'b', delayMs: -1 }, 'InvalidParameterValue'],
    ['a delay above 15 minutes', { body: 'b', delayMs: 900_001 }, 'InvalidParameterValue'],
    ['a group id of 129 characters', { body: 'b', groupId: 'g'.repeat(129) }, 'InvalidParameterValue'],
    ['a group id with a space', { body: 'b', groupId: 'a b' }, 'InvalidParameterValue'],
    ['a deduplication id on a standard queue', { body: 'b', deduplicationId: 'd' }, 'InvalidParameterValue'],
  ];
  test.each(standard)('%s is refused', async (_, entry, code) => {
    const { send } = setUp();
    const outcomes = await send(entry, { body: 'good' });
    expect(codes(outcomes)).toEqual([code, 'ok']);
    expect(outcomes[0]).toMatchObject({ error: { retryable: false, outcome: 'rejected' } });
  });

  test.each([
    ['every kind of text', { body: '\t\n\r \u{d7ff}\u{e000}\u{fffd}\u{10000}\u{10ffff}' }],
    ['attributes of every type', withAttribute('a-b_c.9', '-1.5e3', 'Number.float')],
    [
      'the longest group id, of any punctuation',
      { body: 'b', groupId: '!"#$%&\'()*+,-./:;<=>?@[\\]^_`{|}~' },
    ],
    ['the longest delay', { body: 'b', delayMs: 900_000 }],
  ])('%s is accepted', async (_, entry) => {
    expect(codes(await setUp().send(entry))).toEqual(['ok']);
  });

  test.each<readonly [string, SendEntry, string]>([
    ['no group', { body: 'b', deduplicationId: 'd' }, 'MissingParameter'],
    ['no deduplication id', { body: 'b', groupId: 'g' }, 'InvalidParameterValue'],
    ['a delay', { body: 'b', groupId: 'g', deduplicationId: 'd', delayMs: 1 }, 'InvalidParameterValue'],
    ['a bad deduplication id', { body: 'b', groupId: 'g', deduplicationId: 'ä' }, 'InvalidParameterValue'],
  ])('%s is refused on a FIFO queue', async (_, entry, code) => {
    expect(codes(await setUp({ fifo: true }).send(entry))).toEqual([code]);
  });

  test('a message beyond the limit fails alone or with its call, as the queue is told', async () => {
    const entries: readonly SendEntry[] = [{ body: 'good' }, { body: 'x'.repeat(1_025) }];
    const byEntry = setUp({ maxMessageBytes: 1_024 });
    expect(codes(await byEntry.send(...entries))).toEqual(['ok', 'InvalidParameterValue']);
    const byCall = setUp({ maxMessageBytes: 1_024, oversized: 'call' });
    expect(codes(await byCall.send(...entries))).toEqual(['BatchRequestTooLong', 'BatchRequestTooLong']);
    expect(codes(await byCall.send({ body: 'x'.repeat(1_025) }))).toEqual(['BatchRequestTooLong']);
    expect(codes(await byCall.send({ body: 'good' }))).toEqual(['ok']);
    expect(byCall.queue.accepted).toHaveLength(1);
  });

  test('what was sent does not change with the sender’s memory', async () => {
    const { send, receive } = setUp();
    const value = Uint8Array.of(1, 2, 3);
    await send({ body: 'b', attributes: { a: { type: 'Binary', value } } });
    value.fill(9);
    const [message] = await receive();
    expect(message?.attributes['a']?.value).toEqual(Uint8Array.of(1, 2, 3));
  });
});
