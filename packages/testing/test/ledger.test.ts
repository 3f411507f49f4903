import { AssertionError } from 'node:assert';
import { QueueError } from '@sqskit/core';
import { describe, expect, test } from 'vitest';
import { createLedger } from '../src/index.ts';

const failing = (outcome: 'rejected' | 'unknown'): Promise<never> =>
  Promise.reject(new QueueError('aborted', 'as planned', {}, { outcome }));

describe('a ledger', () => {
  test('enters each message under what became of it', async () => {
    const ledger = createLedger();
    await expect(ledger.offered('a', Promise.resolve('receipt'))).resolves.toBe('receipt');
    await expect(ledger.offered('b', failing('rejected'))).rejects.toThrow('as planned');
    await expect(ledger.offered('c', failing('unknown'))).rejects.toThrow('as planned');
    await expect(ledger.offered('d', Promise.reject(new TypeError('a bug')))).rejects.toThrow('a bug');
    void ledger.offered('e', new Promise(() => undefined));
    ledger.processed('a');
    ledger.processed('a');
    ledger.deadLettered('c');
    ledger.left('d');
    expect(ledger.report()).toEqual({
      sent: ['a'],
      rejected: ['b'],
      unknown: ['c', 'd'],
      pending: ['e'],
      processed: ['a', 'a'],
      deadLettered: ['c'],
      left: ['d'],
      lost: [],
      unaccountable: [],
      repeated: ['a'],
    });
  });

  test('is satisfied where every message is accounted for, also those that may have been accepted or came twice', async () => {
    const ledger = createLedger();
    await ledger.offered('a', Promise.resolve());
    await ledger.offered('b', Promise.resolve());
    await ledger.offered('c', Promise.resolve());
    await ledger.offered('u', failing('unknown')).catch(() => undefined);
    await ledger.offered('v', failing('unknown')).catch(() => undefined);
    ledger.processed('a');
    ledger.processed('a');
    ledger.deadLettered('b');
    ledger.left('c');
    ledger.processed('u');
    expect(() => ledger.assertNothingLost()).not.toThrow();
  });

  test.each<readonly [string, (ledger: ReturnType<typeof createLedger>) => void]>([
    ['a message that was sent and is nowhere', (ledger) => void ledger.offered('x', Promise.resolve())],
    ['a promise that has not settled', (ledger) => void ledger.offered('x', new Promise(() => undefined))],
    ['a message that nobody offered', (ledger) => ledger.processed('x')],
    [
      'a message that was processed although it was rejected',
      (ledger) => {
        ledger.offered('x', failing('rejected')).catch(() => undefined);
        ledger.processed('x');
      },
    ],
  ])('complains of %s, by its id', async (_, act) => {
    const ledger = createLedger();
    act(ledger);
    await new Promise<void>((resolve) => setImmediate(resolve));
    expect(() => ledger.assertNothingLost()).toThrow(AssertionError);
    expect(() => ledger.assertNothingLost()).toThrow("'x'");
  });
});
