import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createCompleted } from '../src/completed.ts';

const steps = fc.array(
  fc.record({ what: fc.constantFrom('add', 'forget'), id: fc.constantFrom('a', 'b', 'c', 'd', 'e') }),
);

test('the last ones added and not forgotten are remembered, and no more than that', () => {
  fc.assert(
    fc.property(steps, fc.integer({ min: 1, max: 4 }), (all, maxSize) => {
      const completed = createCompleted(maxSize);
      let newestLast: string[] = [];
      for (const { what, id } of all) {
        newestLast = newestLast.filter((other) => other !== id);
        if (what === 'add') {
          completed.add(id, 'deleted');
          newestLast = [...newestLast, id].slice(-maxSize);
        } else {
          completed.forget(id);
        }
      }
      const remembered = ['a', 'b', 'c', 'd', 'e'].filter((id) => completed.find(id) === 'deleted');
      expect(remembered).toEqual(newestLast.toSorted());
    }),
  );
});
