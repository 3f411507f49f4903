import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createDeque } from '../src/deque.ts';

const operation = fc.oneof(
  fc.record({ kind: fc.constant('pushBack' as const), value: fc.integer() }),
  fc.record({ kind: fc.constant('pushFront' as const), value: fc.integer() }),
  fc.record({ kind: fc.constant('popFront' as const) }),
);

test('it does what an array does, whatever the order of operations', () => {
  fc.assert(
    fc.property(fc.array(operation, { maxLength: 200 }), (operations) => {
      const deque = createDeque<number>();
      const model: number[] = [];
      const popped: [unknown, unknown][] = [];
      for (const step of operations) {
        if (step.kind === 'pushBack') {
          deque.pushBack(step.value);
          model.push(step.value);
        } else if (step.kind === 'pushFront') {
          deque.pushFront(step.value);
          model.unshift(step.value);
        } else {
          popped.push([deque.popFront(), model.shift()]);
        }
        expect(deque.size).toBe(model.length);
        expect(deque.peekFront()).toBe(model[0]);
      }
      expect(popped.every(([own, expected]) => own === expected)).toBe(true);
      expect([...deque]).toEqual(model);
    }),
  );
});

test('it keeps its order while it grows round the end of its ring', () => {
  const deque = createDeque<number>();
  const model: number[] = [];
  for (let value = 0; value < 1_000; value++) {
    deque.pushBack(value);
    model.push(value);
    deque.pushBack(-value);
    model.push(-value);
    expect(deque.popFront()).toBe(model.shift());
  }
  expect([...deque]).toEqual(model);
});

test('it holds undefined as a value', () => {
  const deque = createDeque<number | undefined>();
  deque.pushBack(undefined);
  deque.pushBack(1);
  expect(deque.size).toBe(2);
  expect(deque.popFront()).toBeUndefined();
  expect(deque.popFront()).toBe(1);
  expect(deque.size).toBe(0);
});
