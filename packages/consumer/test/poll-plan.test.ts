import { QueueError } from '@sqskit/core';
import { serviceError } from '@sqskit/core/errors';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { nextPollers, receiveSize, restAfterEmptyMs, restAfterFailureMs } from '../src/poll-plan.ts';

/** Neither the queue nor memory stands in the way. */
const unbound = { most: 10, fitting: Number.POSITIVE_INFINITY };

test('a poll never asks for more than there is room for, nor more than ten', () => {
  fc.assert(
    fc.property(
      fc.nat({ max: 300 }),
      fc.nat({ max: 300 }),
      fc.nat({ max: 300 }),
      fc.nat({ max: 100 }),
      fc.double({ min: 1, max: 1_000, noNaN: true }),
      (capacity, taken, ready, asked, each) => {
        const size = receiveSize({ capacity, taken, ready, each, ...unbound }, asked);
        expect(size).toBeGreaterThanOrEqual(0);
        expect(size).toBeLessThanOrEqual(10);
        // One that holds more than there is room for may exceed it, the others may not.
        const room = capacity - taken - asked * each;
        expect(Math.max(0, size - 1) * each).toBeLessThanOrEqual(Math.max(0, room) + 1e-6);
      },
    ),
  );
});

test('an idle consumer polls for as many as it takes', () => {
  expect(receiveSize({ capacity: 20, taken: 0, ready: 0, each: 1, ...unbound }, 0)).toBe(10);
  expect(receiveSize({ capacity: 3, taken: 0, ready: 0, each: 1, ...unbound }, 0)).toBe(3);
});

test('a poll for less than a full receive waits while there is something to run', () => {
  expect(receiveSize({ capacity: 20, taken: 15, ready: 5, each: 1, ...unbound }, 0)).toBe(0);
  expect(receiveSize({ capacity: 15, taken: 10, ready: 0, each: 1, ...unbound }, 0)).toBe(5);
});

test('a poll for less than a full receive waits while another poll is under way', () => {
  expect(receiveSize({ capacity: 15, taken: 0, ready: 0, each: 1, ...unbound }, 10)).toBe(0);
  expect(receiveSize({ capacity: 30, taken: 5, ready: 0, each: 1, ...unbound }, 10)).toBe(10);
});

test('a pack that holds more than there is room for is fetched alone, when there is room at all', () => {
  expect(receiveSize({ capacity: 20, taken: 0, ready: 0, each: 550, ...unbound }, 0)).toBe(1);
  expect(receiveSize({ capacity: 20, taken: 19, ready: 9, each: 550, ...unbound }, 0)).toBe(1);
  expect(receiveSize({ capacity: 20, taken: 20, ready: 10, each: 550, ...unbound }, 0)).toBe(0);
  expect(receiveSize({ capacity: 20, taken: 0, ready: 0, each: 550, ...unbound }, 1)).toBe(0);
  expect(receiveSize({ capacity: 2_000, taken: 0, ready: 0, each: 550, ...unbound }, 0)).toBe(4);
});

test('messages that only wait for their group do not keep others from being fetched', () => {
  expect(receiveSize({ capacity: 20, taken: 12, ready: 0, each: 1, ...unbound }, 0)).toBe(8);
});

test('pollers are added while polls come back full, and leave when they do not', () => {
  expect(nextPollers(1, 10, 10, 4)).toBe(2);
  expect(nextPollers(4, 10, 10, 4)).toBe(4);
  expect(nextPollers(3, 10, 7, 4)).toBe(3);
  expect(nextPollers(3, 10, 4, 4)).toBe(2);
  expect(nextPollers(1, 10, 1, 4)).toBe(1);
  expect(nextPollers(4, 10, 0, 4)).toBe(1);
});

test('there is always one poller and never more than the most', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 50 }),
      fc.array(fc.tuple(fc.integer({ min: 1, max: 10 }), fc.nat({ max: 10 }))),
      (maxPollers, polls) => {
        let pollers = 1;
        for (const [asked, received] of polls) {
          pollers = nextPollers(pollers, asked, Math.min(asked, received), maxPollers);
          expect(pollers).toBeGreaterThanOrEqual(1);
          expect(pollers).toBeLessThanOrEqual(maxPollers);
        }
      },
    ),
  );
});

test('empty polls that took no time come to be a second apart; long polls follow at once', () => {
  expect([1, 2, 3, 4, 5, 6, 7, 99].map((empties) => restAfterEmptyMs(empties, 0))).toEqual([
    25, 50, 100, 200, 400, 800, 1_000, 1_000,
  ]);
  expect(restAfterEmptyMs(99, 300)).toBe(700);
  expect(restAfterEmptyMs(99, 20_000)).toBe(0);
});

const failure = { operation: 'receive', httpStatus: 400, requestId: undefined, message: undefined };

const failing = {
  passing: new QueueError('network-error', 'x', { operation: 'receive', reason: 'x' }, { retryable: true }),
  unexpected: new QueueError('unexpected', 'x', { operation: 'receive' }),
  throttled: serviceError({ ...failure, awsCode: 'OverLimit' }),
  lasting: serviceError({ ...failure, awsCode: 'QueueDoesNotExist' }),
};

test('after a failed poll the rest grows, is never short and never very long, whatever the draw', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 1_000 }),
      fc.double({ min: 0, max: 0.999, noNaN: true }),
      fc.constantFrom(...Object.values(failing)),
      (failures, draw, error) => {
        const ms = restAfterFailureMs(failures, error, () => draw);
        expect(ms).toBeGreaterThanOrEqual(500);
        expect(ms).toBeLessThanOrEqual(120_000);
      },
    ),
  );
});

test.each([
  ['an outage', failing.passing, [1_000, 2_000, 4_000, 30_000]],
  ['what nobody knows', failing.unexpected, [1_000, 2_000, 4_000, 30_000]],
  ['a limit', failing.throttled, [5_000, 10_000, 20_000, 30_000]],
  ['what does not pass by itself', failing.lasting, [5_000, 10_000, 20_000, 120_000]],
])('the rest after %s', (_what, error, bounds) => {
  const rests = [1, 2, 3, 99].map((failures) => restAfterFailureMs(failures, error, () => 1));
  expect(rests).toEqual(bounds);
});
