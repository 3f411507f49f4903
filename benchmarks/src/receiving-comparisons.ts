import { type Comparison, median, most, noisy, ratio, steady } from './comparison.ts';
import { rivals } from './scenarios/rivals.ts';
import { isWithin } from './scenarios/scenario.ts';

const ofSqsConsumer = (figure: string) =>
  ['sqs-consumer, handleMessage', 'sqs-consumer, handleMessageBatch'].map((name) =>
    median('receiving', name, figure),
  );

export const receivingComparisons: readonly Comparison[] = [
  {
    name: 'receiving-rate-beside-squiss-ts',
    what: "Receiving, messages/s beside squiss-ts's",
    unit: '×',
    digits: 2,
    better: 'more',
    goal: 3,
    tolerance: noisy,
    of: ratio(
      median('receiving', 'sqskit', 'messagesPerSecond'),
      median('receiving', 'squiss-ts', 'messagesPerSecond'),
    ),
  },
  {
    name: 'receiving-rate-beside-sqs-consumer',
    what: "Receiving, messages/s beside the better of sqs-consumer's two ways",
    unit: '×',
    digits: 1,
    better: 'more',
    goal: 10,
    tolerance: noisy,
    of: ratio(median('receiving', 'sqskit', 'messagesPerSecond'), most(ofSqsConsumer('messagesPerSecond'))),
  },
  {
    name: 'receiving-calls',
    what: 'Receiving, calls/message',
    unit: '',
    digits: 3,
    better: 'less',
    goal: 0.21,
    tolerance: steady,
    of: median('receiving', 'sqskit', 'calls'),
  },
  {
    name: 'receiving-cpu-beside-four-loops',
    what: "Receiving, CPU/message beside four hand-written loops'",
    unit: '×',
    digits: 2,
    better: 'less',
    goal: 1,
    tolerance: noisy,
    of: ratio(
      median('receiving', 'sqskit', 'cpuMicros'),
      median('receiving', 'SDK, four loops', 'cpuMicros'),
    ),
  },
  {
    name: 'receiving-lean-cpu-beside-four-loops',
    what: "Receiving on the lean transport, CPU/message beside four hand-written loops'",
    unit: '×',
    digits: 2,
    better: 'less',
    tolerance: noisy,
    of: ratio(
      median('receiving', 'sqskit, lean', 'cpuMicros'),
      median('receiving', 'SDK, four loops', 'cpuMicros'),
    ),
  },
  {
    name: 'slots-busy',
    what: 'Without a transport, share of slots ÷ handler time',
    unit: '',
    digits: 3,
    better: 'more',
    goal: 0.95,
    tolerance: steady,
    of: median('slots', 'sqskit', 'busy'),
  },
  {
    name: 'rivals-slow-ones-among-quick',
    what: '100 messages, one in ten of 1 s',
    unit: 's',
    digits: 2,
    better: 'less',
    goal: 1.1,
    tolerance: noisy,
    of: median('rivals', 'sqskit', 'D'),
  },
  {
    name: 'rivals-renewals-beside-sqs-consumer',
    what: "Requests to renew ten messages beside sqs-consumer's",
    unit: '× fewer',
    digits: 1,
    better: 'more',
    goal: 10,
    tolerance: noisy,
    of: ratio(median('rivals', 'sqs-consumer', 'O'), median('rivals', 'sqskit', 'O')),
  },
  {
    name: 'rivals-wrong',
    what: 'Of the trials, those in which sqskit does wrong',
    unit: '',
    digits: 0,
    better: 'less',
    goal: 0,
    tolerance: 0,
    of: (results) => {
      const wrong = rivals.columns.map(({ figure, right = {} }) => {
        const value = median('rivals', 'sqskit', figure)(results);
        return value === undefined ? undefined : !isWithin(right, value);
      });
      return wrong.includes(undefined) ? undefined : wrong.filter(Boolean).length;
    },
  },
];
