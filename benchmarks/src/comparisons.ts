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
/** The same where one side is very short, or waits for other threads or the garbage collector. */
const noisier = 0.4;
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
    name: 'plain-lean-cpu-beside-squiss-ts',
    what: "1 KB on the lean transport, CPU/message beside squiss-ts's",
    unit: '× less',
    digits: 1,
    better: 'more',
    goal: 3,
    tolerance: noisy,
    of: ratio(median('plain', 'squiss-ts', 'cpuMicros'), median('plain', 'sqskit, lean', 'cpuMicros')),
  },
  {
    name: 'plain-lean-rate',
    what: '1 KB on the lean transport, messages/s',
    unit: '/s',
    digits: 0,
    better: 'more',
    goal: 30_000,
    of: median('plain', 'sqskit, lean', 'messagesPerSecond'),
  },
  {
    name: 'packed-billed-beside-batches',
    what: 'Earthquakes packed, billed requests beside batches of ten',
    unit: '× fewer',
    digits: 0,
    better: 'more',
    goal: 50,
    tolerance: steady,
    of: ratio(median('packed', 'sqskit', 'billed'), median('packed', 'sqskit, packed', 'billed')),
  },
  {
    name: 'packed-cpu-beside-squiss-ts',
    what: "Earthquakes packed, CPU/message beside squiss-ts's",
    unit: '× less',
    digits: 1,
    better: 'more',
    goal: 6,
    tolerance: noisy,
    of: ratio(median('packed', 'squiss-ts', 'cpuMicros'), median('packed', 'sqskit, packed', 'cpuMicros')),
  },
  {
    name: 'packed-cpu-beside-sqs-producer',
    what: "Earthquakes packed, CPU/message beside sqs-producer's",
    unit: '× less',
    digits: 1,
    better: 'more',
    goal: 8,
    tolerance: noisy,
    of: ratio(median('packed', 'sqs-producer', 'cpuMicros'), median('packed', 'sqskit, packed', 'cpuMicros')),
  },
  {
    name: 'packed-lean-cpu',
    what: 'Earthquakes packed on the lean transport, CPU/message',
    unit: 'µs',
    digits: 1,
    better: 'less',
    goal: 7,
    of: median('packed', 'sqskit, packed, lean', 'cpuMicros'),
  },
  {
    name: 'packed-lean-cpu-beside-squiss-ts',
    what: "Earthquakes packed on the lean transport, CPU/message beside squiss-ts's",
    unit: '× less',
    digits: 1,
    better: 'more',
    goal: 8,
    tolerance: noisy,
    of: ratio(
      median('packed', 'squiss-ts', 'cpuMicros'),
      median('packed', 'sqskit, packed, lean', 'cpuMicros'),
    ),
  },
  {
    name: 'packed-rate',
    what: 'Earthquakes packed, messages/s',
    unit: '/s',
    digits: 0,
    better: 'more',
    goal: 80_000,
    of: median('packed', 'sqskit, packed', 'messagesPerSecond'),
  },
  {
    name: 'packed-rate-beside-squiss-ts',
    what: "Earthquakes packed, messages/s beside squiss-ts's",
    unit: '×',
    digits: 1,
    better: 'more',
    tolerance: noisy,
    of: ratio(
      median('packed', 'sqskit, packed', 'messagesPerSecond'),
      median('packed', 'squiss-ts', 'messagesPerSecond'),
    ),
  },
  {
    name: 'packed-trace-header',
    what: 'The price of a trace header each, CPU/message beside none',
    unit: '×',
    digits: 2,
    better: 'less',
    tolerance: noisy,
    of: ratio(
      median('packed', 'sqskit, packed, traced', 'cpuMicros'),
      median('packed', 'sqskit, packed', 'cpuMicros'),
    ),
  },
  {
    name: 'packed-varied-billed-beside-batches',
    what: 'Varied orders packed, billed requests beside batches of ten',
    unit: '× fewer',
    digits: 1,
    better: 'more',
    tolerance: steady,
    of: ratio(
      median('packed-varied', 'sqskit', 'billed'),
      median('packed-varied', 'sqskit, packed', 'billed'),
    ),
  },
  {
    name: 'packed-varied-cpu-beside-squiss-ts',
    what: "Varied orders packed, CPU/message beside squiss-ts's",
    unit: '× less',
    digits: 1,
    better: 'more',
    tolerance: noisy,
    of: ratio(
      median('packed-varied', 'squiss-ts', 'cpuMicros'),
      median('packed-varied', 'sqskit, packed', 'cpuMicros'),
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
    tolerance: noisier,
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
      tolerance: noisier,
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
  {
    name: 'size-single-with-dictionary',
    what: '300-byte events singly with a dictionary, share of the plain size',
    unit: '',
    digits: 3,
    better: 'less',
    goal: 0.5,
    tolerance: steady,
    of: median('sizes', 'compressed(), dictionary', 'small'),
  },
  {
    name: 'size-packed',
    what: '300-byte events, 100 to a pack, share of the plain size',
    unit: '',
    digits: 3,
    better: 'less',
    goal: 0.35,
    tolerance: steady,
    of: median('sizes', 'packed(), 100 to a pack', 'small'),
  },
  {
    name: 'size-most-added',
    what: 'The most by which compressed() makes a message larger',
    unit: 'bytes',
    digits: 0,
    better: 'less',
    goal: 1,
    of: (results) => {
      const added = ['compressed()', 'compressed(), dictionary'].flatMap(
        (name) => median('sizes', name, 'mostAdded')(results) ?? [],
      );
      return added.length === 0 ? undefined : Math.max(...added);
    },
  },
  {
    name: 'compressed-cpu-beside-message-queue-toolkit',
    what: "Earthquakes compressed singly, CPU/message beside message-queue-toolkit's zstd",
    unit: '×',
    digits: 2,
    better: 'less',
    tolerance: noisier,
    of: ratio(
      median('sizes', 'compressed()', 'cpuMicros'),
      median('sizes', 'message-queue-toolkit, zstd', 'cpuMicros'),
    ),
  },
  ...['random bytes', 'base64 of random bytes'].map(
    (content): Comparison => ({
      name: `incompressible-${content.replaceAll(' ', '-')}`,
      what: `256 KiB of ${content}, CPU to seal`,
      unit: 'ms',
      digits: 3,
      better: 'less',
      goal: 0.5,
      of: median('incompressible', content, 'cpuMs'),
    }),
  ),
  ...(
    [
      ['transport-send', 'A batch call', 4],
      ['transport-send-tls', 'A batch call over HTTPS', 5],
      ['transport-receive', 'Receiving and deleting ten', 3],
    ] as const
  ).map(
    ([scenario, what, goal]): Comparison => ({
      name: `${scenario}-lean-cpu-beside-sdk`,
      what: `${what}, lean, CPU beside the SDK's`,
      unit: '× less',
      digits: 1,
      better: 'more',
      goal,
      tolerance: noisy,
      of: ratio(median(scenario, 'SDK', 'cpuMicros'), median(scenario, 'createLeanQueue', 'cpuMicros')),
    }),
  ),
  ...['transport-send', 'transport-send-tls'].flatMap((scenario): Comparison[] => {
    const what = scenario === 'transport-send' ? 'A batch call' : 'A batch call over HTTPS';
    return [
      {
        name: `${scenario}-handler-cpu-beside-sdk`,
        what: `${what}, the SDK with pooledHandler, CPU beside the SDK's own`,
        unit: '×',
        digits: 2,
        better: 'less',
        goal: 0.75,
        tolerance: noisy,
        of: ratio(median(scenario, 'SDK, pooledHandler', 'cpuMicros'), median(scenario, 'SDK', 'cpuMicros')),
      },
      {
        name: `${scenario}-lean-cpu-beside-undici`,
        what: `${what}, lean, CPU beside undici's, unsigned`,
        unit: '×',
        digits: 1,
        better: 'less',
        goal: 3,
        tolerance: noisier,
        of: ratio(
          median(scenario, 'createLeanQueue', 'cpuMicros'),
          median(scenario, 'undici, unsigned', 'cpuMicros'),
        ),
      },
    ];
  }),
  {
    name: 'transport-lean-rate-beside-sdk',
    what: "A batch call, lean, calls/s beside the SDK's",
    unit: '×',
    digits: 1,
    better: 'more',
    goal: 4,
    tolerance: noisier,
    of: ratio(
      median('transport-send', 'createLeanQueue', 'roundsPerSecond'),
      median('transport-send', 'SDK', 'roundsPerSecond'),
    ),
  },
  {
    name: 'throttled-neighbour-kept',
    what: 'Two queues on one lean client, one throttled: share of its rate that the other keeps',
    unit: '',
    digits: 3,
    better: 'more',
    goal: 0.9,
    tolerance: noisy,
    of: median('throttled-neighbour', 'sqskit, lean', 'kept'),
  },
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
