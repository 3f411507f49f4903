import { type Dimensions, noopRecorder, QueueError, type Recorder } from '@sqskit/core';
import { createFakeClock } from '@sqskit/testing';
import { expect, test } from 'vitest';
import { createCallRecording } from '../src/call-recording.ts';

function recordingRecorder(): Recorder & { readonly records: [string, Dimensions | undefined, number][] } {
  const records: [string, Dimensions | undefined, number][] = [];
  const instrument = (name: string, dimensions?: Dimensions) => (value: number) =>
    void records.push([name, dimensions, value]);
  return {
    enabled: true,
    records,
    counter: (name, dimensions) => ({ add: instrument(name, dimensions) }),
    gauge: (name, _, dimensions) => ({ set: instrument(name, dimensions) }),
    histogram: (name, _, dimensions) => ({ record: instrument(name, dimensions) }),
  };
}

const service = { operation: 'SendMessageBatch', awsCode: 'X', httpStatus: 400, requestId: undefined };

test('records how long a call took, by queue and operation', async () => {
  const clock = createFakeClock();
  const recorder = recordingRecorder();
  const recorded = createCallRecording(recorder, 'orders', clock);
  const answer = recorded('SendMessageBatch', async () => {
    await new Promise<void>((resolve) => {
      clock.setTimer(resolve, 12);
    });
    return 'sent';
  });
  expect(await clock.settle(answer)).toBe('sent');
  const dimensions = { QueueName: 'orders', Operation: 'SendMessageBatch' };
  expect(recorder.records).toEqual([['CallDuration', dimensions, 12]]);
});

test('counts calls that failed, and apart those that were throttled', async () => {
  const recorder = recordingRecorder();
  const recorded = createCallRecording(recorder, 'orders', createFakeClock());
  const refused = new QueueError('queue-missing', 'no queue', service);
  const throttled = new QueueError('throttled', 'slower', service, { throttled: true });
  for (const error of [refused, throttled]) {
    await expect(recorded('ReceiveMessage', () => Promise.reject(error))).rejects.toBe(error);
  }
  const counted = recorder.records.map(([name]) => name).filter((name) => name !== 'CallDuration');
  expect(counted).toEqual(['CallsFailed', 'CallsFailed', 'CallsThrottled']);
});

test('where nothing listens, the call is all there is', async () => {
  const recorded = createCallRecording(noopRecorder, 'orders', createFakeClock());
  const call = Promise.resolve('sent');
  expect(recorded('SendMessageBatch', () => call)).toBe(call);
  expect(await call).toBe('sent');
});
