import { describe, expect, test } from 'vitest';
import { createLedger } from '../src/ledger.ts';

describe('ledger', () => {
  test('every event is in exactly one place, whatever was marked in which order', () => {
    const marks = ['handedOver', 'rejected', 'unknown', 'processed', 'deadLettered', 'left'] as const;
    const combinations = Array.from({ length: 2 ** marks.length }, (_, set) =>
      marks.filter((_mark, position) => (set & (1 << position)) !== 0),
    );
    const ledger = createLedger('run', combinations.length);
    for (const [seq, combination] of combinations.entries()) {
      for (const mark of combination) {
        if (mark === 'rejected' || mark === 'unknown') {
          ledger.sendFailed(seq, mark === 'unknown');
        } else {
          ledger[mark](seq);
        }
      }
    }
    const { events, notSent, rejected, unconfirmed, sent, processed, deadLettered, left, lost } =
      ledger.balance();
    expect(events).toBe(64);
    expect(notSent + rejected + unconfirmed + sent).toBe(events);
    expect(processed + deadLettered + left + lost).toBe(sent);
    expect({ processed, deadLettered, left, lost }).toEqual({
      processed: 32,
      deadLettered: 16,
      left: 8,
      lost: 1,
    });
    expect({ rejected, unconfirmed, notSent }).toEqual({ rejected: 4, unconfirmed: 2, notSent: 1 });
  });

  test('a message that was handed over and is found nowhere is lost, and named', () => {
    const ledger = createLedger('run', 3);
    for (const seq of [0, 1, 2]) {
      ledger.handedOver(seq);
    }
    ledger.processed(0);
    ledger.left(2);
    expect(ledger.outstanding()).toEqual([1]);
    expect(ledger.outstandingCount()).toBe(1);
    expect(ledger.balance()).toMatchObject({ sent: 3, processed: 1, left: 1, lost: 1 });
  });

  test('a send without an answer stays outstanding until the message is found', () => {
    const ledger = createLedger('run', 1);
    ledger.handedOver(0);
    ledger.sendFailed(0, true);
    expect(ledger.outstanding()).toEqual([0]);
    expect(ledger.balance()).toMatchObject({ sent: 0, unconfirmed: 1, lost: 0 });
    ledger.processed(0);
    expect(ledger.outstanding()).toEqual([]);
    expect(ledger.balance()).toMatchObject({ sent: 1, processed: 1, unconfirmed: 0 });
  });

  test('a rejected send is not outstanding and not sent', () => {
    const ledger = createLedger('run', 1);
    ledger.handedOver(0);
    ledger.sendFailed(0, false);
    expect(ledger.outstandingCount()).toBe(0);
    expect(ledger.balance()).toMatchObject({ sent: 0, rejected: 1, lost: 0 });
  });

  test('a second delivery is a duplicate, and counts once', () => {
    const ledger = createLedger('run', 1);
    ledger.handedOver(0);
    expect(ledger.processed(0)).toBe(true);
    expect(ledger.processed(0)).toBe(false);
    expect(ledger.balance()).toMatchObject({ sent: 1, processed: 1, duplicates: 1 });
  });

  test('a sequence number that the run does not have is refused', () => {
    const ledger = createLedger('run', 2);
    expect(() => ledger.processed(2)).toThrow(
      new RangeError('run run has 2 events, received sequence number 2'),
    );
    expect(() => ledger.handedOver(-1)).toThrow(RangeError);
  });
});
