import type { Measurement } from './measure.ts';

/** One figure of the scorecard; `undefined` where nothing was processed to measure it on. */
export interface Figure {
  readonly key: string;
  readonly label: string;
  readonly unit: string;
  readonly digits: number;
  readonly better: 'more' | 'less';
  /** What the better side is, in a word: `31× faster`. */
  readonly gain: string;
  readonly loss: string;
  readonly of: (measurement: Measurement) => number | undefined;
}

const perMessage =
  (total: (measurement: Measurement) => number) =>
  (measurement: Measurement): number | undefined =>
    measurement.ledger.processed === 0 ? undefined : total(measurement) / measurement.ledger.processed;

const ifAny =
  (figure: (measurement: Measurement) => number) =>
  (measurement: Measurement): number | undefined =>
    measurement.ledger.processed === 0 ? undefined : figure(measurement);

/** What is compared, in the order in which it is shown. */
export const figures: readonly Figure[] = [
  {
    key: 'messagesPerSecond',
    label: 'throughput',
    unit: 'messages/s',
    digits: 0,
    better: 'more',
    gain: 'faster',
    loss: 'slower',
    of: ifAny(({ ledger, elapsedMs }) => (ledger.processed / elapsedMs) * 1_000),
  },
  {
    key: 'latencyP50Ms',
    label: 'end-to-end latency, p50',
    unit: 'ms',
    digits: 1,
    better: 'less',
    gain: 'shorter',
    loss: 'longer',
    of: ifAny(({ latencyMs }) => latencyMs.p50),
  },
  {
    key: 'latencyP99Ms',
    label: 'end-to-end latency, p99',
    unit: 'ms',
    digits: 1,
    better: 'less',
    gain: 'shorter',
    loss: 'longer',
    of: ifAny(({ latencyMs }) => latencyMs.p99),
  },
  {
    key: 'callsPerMessage',
    label: 'API calls',
    unit: 'per message',
    digits: 2,
    better: 'less',
    gain: 'fewer',
    loss: 'more',
    of: perMessage(({ network }) => network.calls),
  },
  {
    key: 'billedRequestsPerMessage',
    label: 'billed 64 KiB requests',
    unit: 'per message',
    digits: 2,
    better: 'less',
    gain: 'fewer',
    loss: 'more',
    of: perMessage(({ network }) => network.billedRequests),
  },
  {
    key: 'dollarsPerMillionMessages',
    label: 'price of these requests',
    unit: '$ per million messages',
    digits: 2,
    better: 'less',
    gain: 'cheaper',
    loss: 'dearer',
    of: perMessage(
      ({ network, dollarsPerMillionRequests }) => network.billedRequests * dollarsPerMillionRequests,
    ),
  },
  {
    key: 'wireBytesPerMessage',
    label: 'bytes on the wire',
    unit: 'per message',
    digits: 0,
    better: 'less',
    gain: 'fewer',
    loss: 'more',
    of: perMessage(({ network }) => network.bytesUp + network.bytesDown),
  },
  {
    key: 'cpuUsPerMessage',
    label: 'CPU of this process',
    unit: 'µs per message',
    digits: 0,
    better: 'less',
    gain: 'less',
    loss: 'more',
    of: perMessage(({ cpuMs }) => (cpuMs.user + cpuMs.system) * 1_000),
  },
];

/** How many times better `ours` is than `theirs`: above 1 is better. */
export function gainOf(
  { better }: Figure,
  theirs: number | undefined,
  ours: number | undefined,
): number | undefined {
  if (theirs === undefined || ours === undefined || theirs === 0 || ours === 0) {
    return undefined;
  }
  return better === 'more' ? ours / theirs : theirs / ours;
}
