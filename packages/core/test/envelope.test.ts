import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { assertFits, type Item, type OpenedItem, plain } from '../src/envelope.ts';
import { sqsLimits } from '../src/limits.ts';
import type { Content, MessageAttributes } from '../src/message.ts';
import type { Payload } from '../src/queue.ts';
import { isQueueError } from '../src/queue-error.ts';

const maxBytes = sqsLimits.maxMessageBytes;

const item = (content: Content, attributes?: MessageAttributes): Item => ({
  id: 'm-1',
  content,
  attributes,
  attempt: 0,
});

async function seal(
  content: Content,
  attributes?: MessageAttributes,
  limit: number = maxBytes,
): Promise<Payload> {
  return (await plain().seal([item(content, attributes)], limit)).payload;
}

async function open(payload: Payload): Promise<OpenedItem> {
  const { items } = await plain().open(payload);
  const [opened] = items;
  if (items.length !== 1 || opened === undefined || 'error' in opened) {
    throw new Error(`expected one opened item, received ${JSON.stringify(items)}`);
  }
  return opened;
}

async function brokenMessage(body: string): Promise<string> {
  const { items } = await plain().open({ body });
  const [broken] = items;
  if (items.length !== 1 || broken === undefined || !('error' in broken)) {
    throw new Error('expected one broken item');
  }
  expect(isQueueError(broken.error, 'decode-failed')).toBe(true);
  return broken.error.message;
}

const attributes: MessageAttributes = {
  source: { type: 'String', value: 'sensor-7' },
  raw: { type: 'Binary', value: Uint8Array.of(1, 2, 3) },
};

describe('the plain envelope', () => {
  test('gives any text back with its attributes', async () => {
    const text = fc
      .tuple(fc.constantFrom('', '~', '~~', '~1b'), fc.string({ unit: 'binary' }))
      .map((parts) => parts.join(''));
    await fc.assert(
      fc.asyncProperty(text, fc.boolean(), async (content, hasAttributes) => {
        const own = hasAttributes ? attributes : undefined;
        expect(await open(await seal(content, own))).toEqual({
          content,
          attributes: own ?? {},
          attempt: 0,
        });
      }),
    );
  });

  test('gives any bytes back with their attributes', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array(), async (content) => {
        const opened = await open(await seal(content, attributes));
        expect(opened.content).toBeInstanceOf(Uint8Array);
        expect([...(opened.content as Uint8Array)]).toEqual([...content]);
        expect(opened.attributes).toEqual(attributes);
      }),
    );
  });

  test('adds nothing to a text: any consumer can read it', async () => {
    expect(await seal('{"id":1}', attributes)).toEqual({ body: '{"id":1}', attributes });
  });

  test('takes one item, whatever else waits', async () => {
    expect(plain().maxItems).toBe(1);
    const sealed = await plain().seal([item('first'), item('second')], maxBytes);
    expect(sealed).toMatchObject({ taken: 1, payload: { body: 'first' } });
  });

  test('opens a message that some other producer sent', async () => {
    expect(await open({ body: '{"id":1}' })).toEqual({ content: '{"id":1}', attributes: {}, attempt: 0 });
    expect((await open({ body: '~hello' })).content).toBe('~hello');
  });

  test("reports another envelope's message as broken and says what to do", async () => {
    expect(await brokenMessage('~1gH4sIAAAAAAAAAwMAAAAAAAAAAAA=')).toBe(
      "[decode-failed] the body is of kind 'g', which the plain envelope does not read: give the consumer the producer's envelope",
    );
  });

  test('reports bytes that are not base64 as broken', async () => {
    expect(await brokenMessage('~1bnot base64')).toContain('is not base64');
  });

  test('makes one item of any body and never throws', async () => {
    const body = fc
      .tuple(fc.constantFrom('', '~', '~~', '~1b', '~1z'), fc.string({ unit: 'binary' }))
      .map((parts) => parts.join(''));
    await fc.assert(
      fc.asyncProperty(body, async (text) => {
        expect((await plain().open({ body: text })).items).toHaveLength(1);
      }),
    );
  });
});

describe('the size limit', () => {
  const fits = (content: Content, limit: number, own?: MessageAttributes): Promise<boolean> =>
    seal(content, own, limit).then(
      () => true,
      (error: unknown) => {
        expect(isQueueError(error, 'message-too-large')).toBe(true);
        return false;
      },
    );

  test('counts characters of four bytes by their bytes, exactly', async () => {
    const text = '😀'.repeat(256);
    expect(await fits(text, 1_024)).toBe(true);
    expect(await fits(text, 1_023)).toBe(false);
    expect(await fits(`${text}a`, 1_024)).toBe(false);
  });

  test('counts attributes, exactly', async () => {
    // source + String + sensor-7, raw + Binary + 3 bytes
    const bytes = 6 + 6 + 8 + (3 + 6 + 3);
    expect(await fits('x'.repeat(1_024 - bytes), 1_024, attributes)).toBe(true);
    expect(await fits('x'.repeat(1_025 - bytes), 1_024, attributes)).toBe(false);
  });

  test('counts bytes by what they are on the wire: base64 and a header of three', async () => {
    expect(await fits(new Uint8Array(765), 3 + 1_020)).toBe(true);
    expect(await fits(new Uint8Array(766), 3 + 1_020)).toBe(false);
  });

  test('counts the tilde that guards a tilde', async () => {
    expect(await fits('~'.padEnd(1_023, 'x'), 1_024)).toBe(true);
    expect(await fits('~'.padEnd(1_024, 'x'), 1_024)).toBe(false);
  });

  test('is named in the error, with the size', () => {
    expect(() => assertFits({ body: 'x'.repeat(11) }, 10)).toThrow(
      expect.objectContaining({
        code: 'message-too-large',
        details: { bytes: 11, maxBytes: 10 },
        message: '[message-too-large] the message is 11 bytes with its attributes; this queue takes up to 10',
      }),
    );
    expect(assertFits({ body: 'x'.repeat(10) }, 10)).toBe(10);
  });

  test('takes a message of 1 MiB', async () => {
    expect(await fits('x'.repeat(maxBytes), maxBytes)).toBe(true);
    expect(await fits('x'.repeat(maxBytes + 1), maxBytes)).toBe(false);
  });
});
