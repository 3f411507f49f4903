import { expect, test } from 'vitest';
import { noopRecorder } from '../src/recorder.ts';

test('the no-op recorder says that nothing listens', () => {
  expect(noopRecorder.enabled).toBe(false);
});

test('the no-op recorder hands out instruments that take anything and return nothing', () => {
  const dimensions = { queue: 'orders' };
  expect(noopRecorder.counter('Sent', dimensions).add(Number.NaN)).toBeUndefined();
  expect(noopRecorder.gauge('Waiting', 'Count').set(-1)).toBeUndefined();
  expect(noopRecorder.histogram('Latency', 'Milliseconds').record(Number.POSITIVE_INFINITY)).toBeUndefined();
});

test('the no-op recorder allocates no instrument per request', () => {
  expect(noopRecorder.counter('A')).toBe(noopRecorder.counter('B'));
  expect(noopRecorder.gauge('A', 'None')).toBe(noopRecorder.gauge('B', 'Bytes'));
  expect(noopRecorder.histogram('A', 'None')).toBe(noopRecorder.histogram('B', 'Bytes'));
});
