import { QueueError } from '@sqskit/core';
import { describe, expect, test } from 'vitest';
import { readParcel } from '../src/parcel.ts';
import { createDesk, createRound } from '../src/round.ts';

const going = new AbortController().signal;
const round = (run: string, changes = {}) =>
  createRound({ run, events: ['1', '2', '3'], poison: 0, fifo: false, ...changes });

describe('a round', () => {
  test('hands over each event once, and is finished when all are processed', async () => {
    const a = round('a');
    for (const { body } of a.outgoing(going)) {
      const parcel = readParcel(body);
      if (parcel !== undefined) {
        a.process(parcel);
      }
    }
    await a.finished;
    expect(a.ledger.balance()).toMatchObject({ events: 3, sent: 3, processed: 3, lost: 0 });
    expect(a.statistics.findings().events).toBe(3);
    expect(a.latencyUs.count).toBe(3);
  });

  test('hands over no more once it is stopped', () => {
    const stopping = new AbortController();
    const a = round('a');
    for (const { seq } of a.outgoing(stopping.signal)) {
      if (seq === 1) {
        stopping.abort();
      }
    }
    expect(a.ledger.balance()).toMatchObject({ notSent: 1 });
    expect(a.ledger.outstanding()).toEqual([0, 1]);
  });

  test('a second delivery is not processed again', () => {
    const a = round('a');
    const parcel = { run: 'a', seq: 0, event: 1 };
    expect(Array.from(a.outgoing(going))).toHaveLength(3);
    a.process(parcel);
    a.process(parcel);
    expect(a.statistics.findings().events).toBe(1);
    expect(a.ledger.balance()).toMatchObject({ processed: 1, duplicates: 1 });
  });

  test('poisonous events fail whenever they are processed', () => {
    const a = round('a', { poison: 1 });
    const parcel = { run: 'a', seq: 2, event: 3 };
    expect(() => a.process(parcel)).toThrow('event 2 is poisonous, as --poison asked for');
    expect(() => a.process(parcel)).toThrow('event 2 is poisonous');
    expect(a.ledger.isProcessed(2)).toBe(false);
  });

  test('a failed send is booked with its reason, and as possibly arrived unless it was rejected', () => {
    const a = round('a');
    expect(Array.from(a.outgoing(going))).toHaveLength(3);
    a.sendFailed(0, new QueueError('closed', 'no', { what: 'producer' }));
    a.sendFailed(1, new Error('socket hang up'));
    expect(a.ledger.balance()).toMatchObject({ rejected: 1, unconfirmed: 1 });
    expect([...a.sendFailures]).toEqual([
      ['closed', 1],
      ['socket hang up', 1],
    ]);
  });

  test('messages of a FIFO queue have a group and a deduplication id of their own', () => {
    const messages = Array.from(round('a', { fifo: true }).outgoing(going));
    expect(messages.map(({ groupId, deduplicationId }) => [groupId, deduplicationId])).toEqual([
      ['0', 'a-0'],
      ['1', 'a-1'],
      ['2', 'a-2'],
    ]);
  });
});

describe('the desk', () => {
  test('gives each message to its round, and keeps apart what others sent', () => {
    const desk = createDesk();
    const [a, b] = [round('a'), round('b')];
    desk.open(a);
    desk.open(b);
    const [first] = a.outgoing(going);
    expect(desk.receive('id-1', first?.body ?? '')).toBe(true);
    expect(desk.receive('id-2', '{"run":"c","seq":0,"event":1}')).toBe(false);
    expect(desk.receive('id-2', 'hello')).toBe(false);
    expect(a.ledger.isProcessed(0)).toBe(true);
    expect([...desk.foreign]).toEqual(['id-2']);
    expect(b.ledger.balance()).toMatchObject({ sent: 0 });
  });
});
