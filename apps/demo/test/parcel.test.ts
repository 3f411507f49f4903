import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parcelBody, readParcel } from '../src/parcel.ts';

describe('parcel', () => {
  test('any JSON event comes back as it was', () => {
    fc.assert(
      fc.property(fc.json(), fc.nat(), (event, seq) => {
        expect(readParcel(parcelBody('run-1', seq, event))).toEqual({
          run: 'run-1',
          seq,
          event: JSON.parse(event),
        });
      }),
    );
  });

  test('a body holds only characters that every queue takes', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const body = parcelBody('run-1', 0, JSON.stringify(text));
        expect(body).toMatch(/^[\t\n\r\u0020-\uD7FF\uE000-\uFFFD]*$/);
        expect(readParcel(body)?.event).toBe(text);
      }),
    );
  });

  test('the text of an event is not rewritten', () => {
    expect(parcelBody('r', 7, '{"n": 12345678901234567890, "n": 1.0}')).toBe(
      '{"run":"r","seq":7,"event":{"n": 12345678901234567890, "n": 1.0}}',
    );
  });

  test.each([
    '',
    'hello',
    'null',
    '[]',
    '{}',
    '{"run":"r"}',
    '{"run":1,"seq":0,"event":1}',
    '{"run":"r","seq":0.5,"event":1}',
  ])('a message of others is told apart: %j', (body) => {
    expect(readParcel(body)).toBeUndefined();
  });
});
