import { payloadBytes, type ReceivedMessage, sqsLimits } from '@sqskit/core';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { deadLetterEntry, deadLetterReasonAttribute } from '../src/dead-letter.ts';

function message(overrides: Partial<ReceivedMessage> = {}): ReceivedMessage {
  return {
    messageId: 'm1',
    receiptHandle: 'r1',
    body: 'body',
    attributes: { own: { type: 'String', value: 'kept' } },
    receiveCount: 3,
    sentAtMs: undefined,
    groupId: undefined,
    deduplicationId: undefined,
    sequenceNumber: undefined,
    traceHeader: 'Root=1',
    ...overrides,
  };
}

test('a dead letter keeps body, attributes and trace, and carries its reason', () => {
  expect(deadLetterEntry(message(), 'no such customer', false)).toEqual({
    body: 'body',
    attributes: {
      own: { type: 'String', value: 'kept' },
      [deadLetterReasonAttribute]: { type: 'String', value: 'no such customer' },
    },
    traceHeader: 'Root=1',
  });
});

test('on a FIFO queue it keeps its group and is deduplicated by its message id', () => {
  expect(deadLetterEntry(message({ groupId: 'g' }), 'why', true)).toMatchObject({
    groupId: 'g',
    deduplicationId: 'm1',
  });
  expect(deadLetterEntry(message(), 'why', true)).toMatchObject({ groupId: 'm1' });
});

test('on a standard queue it has no group', () => {
  expect(deadLetterEntry(message({ groupId: 'g' }), 'why', false)).not.toHaveProperty('groupId');
});

test('the reason is left out where ten attributes or a megabyte leave no room for it', () => {
  const ten = Object.fromEntries(
    Array.from({ length: 10 }, (_, index) => [`a${index}`, { type: 'String', value: 'v' } as const]),
  );
  expect(deadLetterEntry(message({ attributes: ten }), 'why', false).attributes).toEqual(ten);
  const body = 'x'.repeat(sqsLimits.maxMessageBytes - 10);
  const large = deadLetterEntry(message({ body, attributes: {} }), 'why', false);
  expect(large.attributes).toEqual({});
  expect(payloadBytes(large)).toBeLessThanOrEqual(sqsLimits.maxMessageBytes);
});

test('an empty reason is no attribute', () => {
  expect(deadLetterEntry(message(), '', false).attributes).toEqual(message().attributes);
});

test('any reason becomes text that SQS takes', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', minLength: 1, maxLength: 2_000 }), (reason) => {
      const value = deadLetterEntry(message(), reason, false).attributes?.[deadLetterReasonAttribute]?.value;
      expect(value).toMatch(/^[\t\n\r\u0020-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]{1,1000}$/u);
    }),
    { numRuns: 50 },
  );
});
