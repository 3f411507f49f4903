import { expect, test } from 'vitest';
import { receivedMessage, sendEntry } from '../src/wire.ts';

const binary = { toWire: (bytes: Uint8Array) => bytes, fromWire: () => new Uint8Array() };

test('an attribute whose name is __proto__, which SQS allows, is an attribute like any other', () => {
  const wire: object = JSON.parse('{"__proto__":{"DataType":"String","StringValue":"v"}}');
  const own: object = JSON.parse('{"__proto__":{"type":"String","value":"v"}}');

  const entry = sendEntry({ body: 'b', attributes: { ...own } }, '0', binary);
  expect(JSON.parse(JSON.stringify(entry))).toEqual({ Id: '0', MessageBody: 'b', MessageAttributes: wire });

  const message = receivedMessage(
    { MessageId: 'm', ReceiptHandle: 'h', MessageAttributes: { ...wire } },
    binary,
  );
  expect(Object.entries(message?.attributes ?? {})).toEqual(Object.entries(own));
});
