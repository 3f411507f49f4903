import { noopRecorder } from '@sqskit/core';
import { createFakeClock } from '@sqskit/testing';
import type { Origin } from '../src/delivery.ts';
import { createInstruments } from '../src/instruments.ts';
import { createLoad } from '../src/load.ts';
import { createPackSize } from '../src/pack-size.ts';

/** Where deliveries come from that no poll has brought. */
export function createOrigin(): Origin {
  return {
    queueUrl: 'https://queue.test/1/q',
    poison: { decide: (verdict) => verdict, close: () => undefined },
    instruments: createInstruments(noopRecorder, 'q', createFakeClock()),
    packSize: createPackSize(1),
    load: createLoad(),
    memory: { bytes: 0 },
    earlier: () => undefined,
    holds: ({ isAbandoned }) => !isAbandoned,
  };
}
