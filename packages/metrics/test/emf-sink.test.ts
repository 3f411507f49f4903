import { expect, test } from 'vitest';
import { createEmfSink, createMetrics } from '../src/index.ts';

test('writes one line for each series, in the embedded metric format', async () => {
  const lines: string[] = [];
  const metrics = createMetrics([createEmfSink((line) => void lines.push(line))], {
    dimensions: { Service: 'shop' },
  });
  metrics.counter('Sent').add(3);
  metrics.histogram('Latency', 'Milliseconds').record(7);
  await metrics.close();
  expect(lines.map((line) => JSON.parse(line))).toEqual([
    {
      _aws: {
        Timestamp: expect.any(Number),
        CloudWatchMetrics: [
          {
            Namespace: 'Messaging/Performance',
            Dimensions: [['Service']],
            Metrics: [{ Name: 'Sent', Unit: 'Count' }],
          },
        ],
      },
      Service: 'shop',
      Sent: 3,
    },
    expect.objectContaining({
      Service: 'shop',
      Latency: { Values: [7], Counts: [1], Min: 7, Max: 7, Sum: 7, Count: 1 },
    }),
  ]);
});

test('more than 100 different values become several lines, each with its dimensions', async () => {
  const lines: string[] = [];
  const metrics = createMetrics([createEmfSink((line) => void lines.push(line))]);
  const latency = metrics.histogram('Latency', 'Milliseconds', { Operation: 'send' });
  for (let power = 0; power < 140; power++) {
    latency.record(1.06 ** power);
  }
  await metrics.close();
  const documents = lines.map((line) => JSON.parse(line));
  expect(documents.map(({ Latency }) => Latency.Values.length)).toEqual([
    100,
    documents[1].Latency.Values.length,
  ]);
  expect(documents.every(({ Operation }) => Operation === 'send')).toBe(true);
  expect(documents.reduce((count, { Latency }) => count + Latency.Count, 0)).toBe(140);
});
