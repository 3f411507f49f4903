import { inspect } from 'node:util';
import fc from 'fast-check';
import { describe, expect, expectTypeOf, test } from 'vitest';
import { abortedError, isQueueError, QueueError, toQueueError } from '../src/queue-error.ts';
import { secondCopy } from './second-copy.ts';

const tooLarge = (): QueueError<'message-too-large'> =>
  new QueueError('message-too-large', 'the message is 11 bytes', { bytes: 11, maxBytes: 10 });

describe('QueueError', () => {
  test('begins its message with its code', () => {
    expect(tooLarge().message).toBe('[message-too-large] the message is 11 bytes');
  });

  test('is an Error whose stack begins with its name and message', () => {
    const error = tooLarge();
    expect(error).toBeInstanceOf(Error);
    expect(error.name).toBe('QueueError');
    expect(error.stack).toMatch(/^QueueError: \[message-too-large\] the message is 11 bytes\n/);
  });

  test('carries its code and details', () => {
    expect(tooLarge()).toMatchObject({ code: 'message-too-large', details: { bytes: 11, maxBytes: 10 } });
  });

  test('is rejected, not retryable and no throttle unless it says so', () => {
    expect(tooLarge()).toMatchObject({ retryable: false, throttled: false, outcome: 'rejected' });
    const options = { retryable: true, throttled: true, outcome: 'unknown' } as const;
    expect(new QueueError('decode-failed', '', {}, options)).toMatchObject(options);
  });

  test('keeps its cause, and has none where none was given', () => {
    const cause = new Error('why');
    expect(new QueueError('decode-failed', '', {}, { cause }).cause).toBe(cause);
    expect('cause' in tooLarge()).toBe(false);
  });

  test('shows code and details when printed, but not its brand', () => {
    const printed = inspect(tooLarge());
    expect(printed).toContain("code: 'message-too-large'");
    expect(printed).toContain('maxBytes: 10');
    expect(printed).not.toContain('Symbol(');
  });
});

describe('isQueueError', () => {
  test('recognises the code it is asked for, and no other', () => {
    expect(isQueueError(tooLarge())).toBe(true);
    expect(isQueueError(tooLarge(), 'message-too-large')).toBe(true);
    expect(isQueueError(tooLarge(), 'closed')).toBe(false);
  });

  test('recognises an error of a second copy of core, which `instanceof` does not', async () => {
    const copy = await secondCopy(() => import('../src/queue-error.ts'));
    const foreign = new copy.QueueError('closed', 'the producer is closed', { what: 'producer' });
    expect(foreign).not.toBeInstanceOf(QueueError);
    expect(isQueueError(foreign, 'closed')).toBe(true);
    expect(copy.isQueueError(tooLarge(), 'message-too-large')).toBe(true);
    expect(toQueueError(foreign, 'send')).toBe(foreign);
  });

  test('refuses what only looks like one', () => {
    const lookalike = Object.assign(new Error('[closed]'), { name: 'QueueError', code: 'closed' });
    expect(isQueueError(lookalike)).toBe(false);
    expect(isQueueError(null)).toBe(false);
    expect(isQueueError(undefined)).toBe(false);
    expect(isQueueError('[closed]')).toBe(false);
  });

  test('narrows details to those of the code', () => {
    const error: unknown = tooLarge();
    if (!isQueueError(error, 'message-too-large')) {
      throw error;
    }
    expectTypeOf(error.details).toEqualTypeOf<{ readonly bytes: number; readonly maxBytes: number }>();
    expect(error.details.bytes - error.details.maxBytes).toBe(1);
  });
});

describe('abortedError', () => {
  test("has the signal's reason as its cause", () => {
    const reason = new Error('shutting down');
    expect(abortedError(AbortSignal.abort(reason))).toMatchObject({
      code: 'aborted',
      cause: reason,
      outcome: 'rejected',
    });
    expect(abortedError(AbortSignal.abort(reason), 'unknown').outcome).toBe('unknown');
  });
});

describe('toQueueError', () => {
  test('returns a QueueError as it is', () => {
    const error = tooLarge();
    expect(toQueueError(error, 'send')).toBe(error);
  });

  test('makes anything else the cause of an `unexpected` one that may have taken effect', () => {
    const reason = new TypeError('no such thing');
    const error = toQueueError(reason, 'send');
    expect(error).toMatchObject({ code: 'unexpected', outcome: 'unknown', details: { operation: 'send' } });
    expect(error.message).toBe('[unexpected] send failed: no such thing');
    expect(error.cause).toBe(reason);
  });

  test('tells the message of an error from another realm', () => {
    const foreign = { name: 'Error', message: 'from a worker' };
    expect(toQueueError(foreign, 'send').message).toBe('[unexpected] send failed: from a worker');
  });

  test('regression: a thrown object without a string form made it throw a TypeError itself', () => {
    const reason: unknown = Object.create(null);
    expect(toQueueError(reason, 'send').cause).toBe(reason);
  });

  test('makes a QueueError of anything that can be thrown', () => {
    fc.assert(
      fc.property(fc.anything({ withNullPrototype: true, withBigInt: true }), (reason) => {
        const error = toQueueError(reason, 'send');
        expect(isQueueError(error, 'unexpected')).toBe(true);
        expect(error.message.startsWith('[unexpected] send failed: ')).toBe(true);
      }),
    );
  });
});
