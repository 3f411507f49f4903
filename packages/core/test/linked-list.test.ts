import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createLinkedList, type Linked } from '../src/linked-list.ts';

class Element implements Linked<Element> {
  previous: Element | undefined;
  next: Element | undefined;
  readonly value: number;

  constructor(value: number) {
    this.value = value;
  }
}

const operation = fc.oneof(
  fc.record({ kind: fc.constant('pushBack' as const) }),
  fc.record({ kind: fc.constant('pushFront' as const) }),
  fc.record({ kind: fc.constant('remove' as const), at: fc.nat() }),
);

test('it does what an array does, removals from the middle included', () => {
  fc.assert(
    fc.property(fc.array(operation, { maxLength: 200 }), (operations) => {
      const list = createLinkedList<Element>();
      const model: Element[] = [];
      const removed: Element[] = [];
      operations.forEach((step, value) => {
        if (step.kind === 'pushBack') {
          const element = new Element(value);
          list.pushBack(element);
          model.push(element);
        } else if (step.kind === 'pushFront') {
          const element = new Element(value);
          list.pushFront(element);
          model.unshift(element);
        } else if (model.length > 0) {
          const [element] = model.splice(step.at % model.length, 1);
          if (element !== undefined) {
            list.remove(element);
            removed.push(element);
          }
        }
        expect(removed.every(({ previous, next }) => previous === undefined && next === undefined)).toBe(
          true,
        );
        expect(list.size).toBe(model.length);
        expect(list.first).toBe(model[0]);
        expect([...list].map((element) => element.value)).toEqual(model.map((element) => element.value));
      });
    }),
  );
});

test('an element that was removed can go into another list', () => {
  const one = createLinkedList<Element>();
  const other = createLinkedList<Element>();
  const element = new Element(1);
  one.pushBack(new Element(0));
  one.pushBack(element);
  one.remove(element);
  other.pushBack(new Element(2));
  other.pushFront(element);
  expect([...one].map(({ value }) => value)).toEqual([0]);
  expect([...other].map(({ value }) => value)).toEqual([1, 2]);
});

test('the element that an iteration has just given may be removed', () => {
  const list = createLinkedList<Element>();
  for (let value = 0; value < 5; value++) {
    list.pushBack(new Element(value));
  }
  for (const element of list) {
    if (element.value % 2 === 0) {
      list.remove(element);
    }
  }
  expect([...list].map(({ value }) => value)).toEqual([1, 3]);
});
