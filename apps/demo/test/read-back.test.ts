import { createFakeQueue } from '@sqskit/testing';
import { expect, test } from 'vitest';
import { createLedger } from '../src/ledger.ts';
import { parcelBody } from '../src/parcel.ts';
import { readBack } from '../src/read-back.ts';

test('a run takes back its own messages and leaves those of others in the queue', async () => {
  const queue = createFakeQueue();
  const ledger = createLedger('ours', 30);
  for (let seq = 0; seq < 30; seq += 5) {
    const bodies = [0, 1, 2, 3, 4].map((offset) => parcelBody('ours', seq + offset, 'null'));
    await queue.sendBatch(
      [...bodies, parcelBody('theirs', seq, 'null'), 'not JSON'].map((body) => ({ body })),
    );
    for (const offset of [0, 1, 2, 3, 4]) {
      ledger.handedOver(seq + offset);
    }
  }
  await readBack(queue, ledger, { onFound: (seq) => ledger.left(seq), patienceMs: 5_000, onceEmpty: false });
  expect(ledger.balance()).toMatchObject({ sent: 30, left: 30, lost: 0 });
  expect(await queue.depth()).toEqual({ visible: 12, inFlight: 0, delayed: 0 });
});

test('nothing is received when nothing is outstanding', async () => {
  const queue = createFakeQueue();
  const ledger = createLedger('ours', 1);
  await readBack(queue, ledger, { onFound: () => undefined, patienceMs: 5_000, onceEmpty: true });
  expect(queue.calls).toEqual([]);
});
