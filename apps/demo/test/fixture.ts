import type { Balance } from '../src/ledger.ts';
import type { Measurement } from '../src/measure.ts';

export const balanced: Balance = {
  events: 100,
  notSent: 0,
  rejected: 0,
  unconfirmed: 0,
  sent: 100,
  processed: 100,
  deadLettered: 0,
  left: 0,
  lost: 0,
  duplicates: 0,
};

/** A measurement of 100 messages in a second, with a call and a request each. */
export function measurementOf(name: string, changes: Partial<Measurement> = {}): Measurement {
  return {
    name,
    ledger: balanced,
    warmUp: { ...balanced, events: 10, sent: 10, processed: 10 },
    sendFailures: [],
    lostIds: [],
    foreignIds: [],
    elapsedMs: 1_000,
    latencyMs: { p50: 10, p99: 20, max: 30 },
    network: {
      callsByOperation: { SendMessage: 100 },
      calls: 100,
      failedCalls: 0,
      billedRequests: 100,
      bytesUp: 60_000,
      bytesDown: 40_000,
    },
    cpuMs: { user: 80, system: 20 },
    dollarsPerMillionRequests: 0.4,
    findings: {
      events: 100,
      earthquakes: 98,
      strongest: { magnitude: 6.4, place: '22km NNE of Hualian, Taiwan' },
      deepestKm: 573.76,
      classes: [
        { name: '<1', count: 90 },
        { name: '≥6', count: 8 },
      ],
    },
    stages: undefined,
    failures: [],
    ...changes,
  };
}
