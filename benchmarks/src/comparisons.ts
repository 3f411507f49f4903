import { type Results, summaryOf } from './results.ts';

/** One number that a run is judged by, made of the medians of its figures. */
export interface Comparison {
  /** Stable: the accepted figures go by it. */
  readonly name: string;
  readonly what: string;
  readonly unit: string;
  readonly digits: number;
  readonly better: 'more' | 'less';
  /** What we mean to reach. */
  readonly goal?: number | undefined;
  /**
   * The share by which it may be worse than the last accepted value before the gate closes. Unset: not gated, because
   * it depends on the machine.
   */
  readonly tolerance?: number | undefined;
  /** `undefined` where the run did not measure it. */
  readonly of: (results: Results) => number | undefined;
}

type Value = Comparison['of'];

/** Share by which ratios of CPU time and of rates may vary from run to run on one machine. */
const noisy = 0.15;
/** For what does not depend on time. */
const steady = 0.02;

export const comparisons: readonly Comparison[] = [
  {
    name: 'plain-rate-beside-sqs-producer',
    what: "1 KB, messages/s beside sqs-producer's",
    unit: '×',
    digits: 1,
    better: 'more',
    goal: 14,
    tolerance: noisy,
    of: ratio(
      median('plain', 'sqskit', 'messagesPerSecond'),
      median('plain', 'sqs-producer', 'messagesPerSecond'),
    ),
  },
  {
    name: 'plain-rate-beside-squiss-ts',
    what: "1 KB, messages/s beside squiss-ts's",
    unit: '×',
    digits: 2,
    better: 'more',
    goal: 0.95,
    tolerance: noisy,
    of: ratio(
      median('plain', 'sqskit', 'messagesPerSecond'),
      median('plain', 'squiss-ts', 'messagesPerSecond'),
    ),
  },
  {
    name: 'plain-cpu-beside-the-best',
    what: '1 KB, CPU/message beside the best of squiss-ts and hand-written parallel batches',
    unit: '×',
    digits: 2,
    better: 'less',
    goal: 1.05,
    tolerance: noisy,
    of: ratio(
      median('plain', 'sqskit', 'cpuMicros'),
      least(
        ['squiss-ts', 'SDK, 16 batches at a time', 'SDK, 50 batches at a time'].map((rival) =>
          median('plain', rival, 'cpuMicros'),
        ),
      ),
    ),
  },
  {
    name: 'enqueue-rate',
    what: 'Enqueueing, messages/s',
    unit: '/s',
    digits: 0,
    better: 'more',
    goal: 500_000,
    of: median('enqueue', 'sqskit', 'messagesPerSecond'),
  },
  {
    name: 'enqueue-cpu',
    what: 'Enqueueing, CPU/message',
    unit: 'µs',
    digits: 2,
    better: 'less',
    goal: 2,
    of: median('enqueue', 'sqskit', 'cpuMicros'),
  },
  {
    name: 'enqueue-cpu-beside-a-bare-promise',
    what: 'Enqueueing, CPU/message beside a bare promise each',
    unit: '×',
    digits: 1,
    better: 'less',
    tolerance: noisy,
    of: ratio(
      median('enqueue', 'sqskit', 'cpuMicros'),
      median('enqueue', 'a bare promise each', 'cpuMicros'),
    ),
  },
  {
    name: 'fill-at-5000',
    what: 'Mean fill at 5,000 sends/s, linger 10 ms',
    unit: 'of 10',
    digits: 2,
    better: 'more',
    goal: 9.9,
    tolerance: steady,
    of: median('fill', '5,000 sends/s', 'fill'),
  },
  {
    name: 'latency-added-p99',
    what: 'Latency added to a bare SDK send at 10 sends/s, p99',
    unit: 'ms',
    digits: 2,
    better: 'less',
    goal: 2,
    of: median('latency', 'sqskit beside the SDK', 'addedP99'),
  },
  {
    name: 'latency-p50-beside-the-sdk',
    what: 'Latency at 10 sends/s beside a bare SDK send, p50',
    unit: '×',
    digits: 2,
    better: 'less',
    tolerance: noisy,
    of: ratio(
      median('latency', 'sqskit beside the SDK', 'oursP50'),
      median('latency', 'sqskit beside the SDK', 'bareP50'),
    ),
  },
  ...['sendAll', 'thrown at send()'].flatMap((way): Comparison[] => [
    {
      name: `memory-growth-${way === 'sendAll' ? 'send-all' : 'send'}`,
      what: `Resident growth, ${way}`,
      unit: 'MB',
      digits: 0,
      better: 'less',
      goal: 150,
      tolerance: noisy,
      of: median('memory', way, 'rssGrowthMb'),
    },
    {
      name: `memory-buffered-${way === 'sendAll' ? 'send-all' : 'send'}`,
      what: `Most buffered bytes, ${way}`,
      unit: 'MiB',
      digits: 3,
      better: 'less',
      goal: 32 + 1 / 1_024,
      tolerance: steady,
      of: median('memory', way, 'mostBufferedMib'),
    },
  ]),
];

export function reachesGoal({ better, goal }: Comparison, value: number): boolean | undefined {
  if (goal === undefined) {
    return undefined;
  }
  return better === 'more' ? value >= goal : value <= goal;
}

function median(scenario: string, caseName: string, figure: string): Value {
  return (results) => summaryOf(results, scenario, caseName, figure)?.median;
}

function ratio(over: Value, under: Value): Value {
  return (results) => {
    const [a, b] = [over(results), under(results)];
    return a === undefined || b === undefined ? undefined : a / b;
  };
}

/** The least of the values that were measured. */
function least(values: readonly Value[]): Value {
  return (results) => {
    const measured = values.flatMap((value) => value(results) ?? []);
    return measured.length === 0 ? undefined : Math.min(...measured);
  };
}
