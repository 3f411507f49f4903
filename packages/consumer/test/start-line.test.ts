import assert from 'node:assert/strict';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createDelivery, type Delivery } from '../src/delivery.ts';
import { createStartLine } from '../src/start-line.ts';
import { createOrigin } from './origin.ts';

const origin = createOrigin();
let made = 0;

function delivery(lane: string | undefined, group?: string): Delivery {
  const messageId = String(made++);
  return createDelivery(
    {
      messageId,
      receiptHandle: `r${messageId}`,
      body: '',
      attributes: {},
      receiveCount: 1,
      sentAtMs: undefined,
      groupId: lane,
      deduplicationId: undefined,
      sequenceNumber: undefined,
      traceHeader: undefined,
    },
    origin,
    { lane, group },
  );
}

test('loose deliveries start in the order of arrival', () => {
  const line = createStartLine({ placesPerGroup: 1 });
  const [a, b] = [delivery(undefined), delivery(undefined)];
  line.push(a);
  line.push(b);
  expect([line.next(), line.next(), line.next()]).toEqual([a, b, undefined]);
});

test('the next of a lane starts when the head is settled', () => {
  const line = createStartLine({ placesPerGroup: 1 });
  const [a, b, other] = [delivery('g'), delivery('g'), delivery('h')];
  for (const each of [a, b, other]) {
    line.push(each);
  }
  expect([line.ready, line.blocked]).toEqual([2, 1]);
  expect([line.next(), line.next(), line.next()]).toEqual([a, other, undefined]);
  line.advance('g');
  expect(line.next()).toBe(b);
});

test('cutting a lane takes what is behind its head, oldest first, and the lane goes on', () => {
  const line = createStartLine({ placesPerGroup: 1 });
  const [a, b, c, d] = [delivery('g'), delivery('g'), delivery('g'), delivery('g')];
  for (const each of [a, b, c]) {
    line.push(each);
  }
  line.next();
  expect(line.cut('g')).toEqual([b, c]);
  line.push(d);
  expect(line.next()).toBeUndefined();
  line.advance('g');
  expect(line.next()).toBe(d);
});

test('withdrawing one of a lane takes out those behind it, and leaves those before it', () => {
  const line = createStartLine({ placesPerGroup: 1 });
  const [a, b, c, d] = [delivery('g'), delivery('g'), delivery('g'), delivery('g')];
  for (const each of [a, b, c, d]) {
    line.push(each);
  }
  expect(line.withdraw(c)).toEqual([d]);
  expect(line.next()).toBe(a);
  line.advance('g');
  expect(line.next()).toBe(b);
  line.advance('g');
  expect(line.next()).toBeUndefined();
});

test('withdrawing a head that has not started takes out its lane, which then begins anew', () => {
  const line = createStartLine({ placesPerGroup: 1 });
  const [a, b, c] = [delivery('g'), delivery('g'), delivery('g')];
  line.push(a);
  line.push(b);
  expect(line.withdraw(a)).toEqual([b]);
  expect([line.ready, line.blocked]).toEqual([0, 0]);
  line.push(c);
  expect([line.next(), line.next()]).toEqual([c, undefined]);
});

test('so many of a group start, and others pass by those that wait behind them', () => {
  const line = createStartLine({ placesPerGroup: 2 });
  const [a, b, c, d] = [0, 1, 2, 3].map(() => delivery(undefined, 'g'));
  const [other, loose] = [delivery(undefined, 'h'), delivery(undefined)];
  for (const each of [a, b, c, d, other, loose]) {
    line.push(each ?? loose);
  }
  expect([line.ready, line.blocked]).toEqual([4, 2]);
  expect([line.next(), line.next(), line.next(), line.next(), line.next()]).toEqual([
    a,
    b,
    other,
    loose,
    undefined,
  ]);
  line.leave('g');
  expect([line.next(), line.next()]).toEqual([c, undefined]);
});

test('a place that one of a group takes besides is not there for others of it', () => {
  const line = createStartLine({ placesPerGroup: 2 });
  const [a, b] = [delivery(undefined, 'g'), delivery(undefined, 'g')];
  line.push(a);
  line.next();
  expect([line.widen('g'), line.widen('g')]).toEqual([true, false]);
  line.push(b);
  expect(line.next()).toBeUndefined();
  line.leave('g');
  expect(line.next()).toBe(b);
});

type Action =
  | { readonly kind: 'push'; readonly lane: string | undefined; readonly group: string | undefined }
  | { readonly kind: 'next' | 'settle' | 'withdraw' | 'fail' | 'drain'; readonly pick: number };

const actions = fc.array(
  fc.oneof(
    fc.record({
      kind: fc.constant('push' as const),
      lane: fc.constantFrom(undefined, undefined, 'g', 'h'),
      group: fc.constantFrom(undefined, 'g', 'h'),
    }),
    fc.record({
      kind: fc.constantFrom('next' as const, 'settle' as const, 'withdraw' as const, 'fail' as const),
      pick: fc.nat(),
    }),
    fc.record({ kind: fc.constant('drain' as const), pick: fc.nat() }),
  ),
  { maxLength: 80 },
);

test('whatever happens, lanes and groups keep to their places and their order, and nothing is forgotten', () => {
  fc.assert(
    fc.property(actions, fc.integer({ min: 1, max: 3 }), (steps: readonly Action[], placesPerGroup) => {
      const line = createStartLine({ placesPerGroup });
      const waiting: Delivery[] = [];
      const running: Delivery[] = [];
      const inHand = { waiting, running };
      const takeOut = (gone: readonly Delivery[]): void => {
        for (const each of gone) {
          waiting.splice(waiting.indexOf(each), 1);
        }
      };
      const end = (each: Delivery | undefined, failed: boolean): void => {
        if (each?.lane !== undefined) {
          if (failed) {
            takeOut(line.cut(each.lane));
          }
          line.advance(each.lane);
        } else if (each?.group !== undefined) {
          line.leave(each.group);
        }
      };
      for (const step of steps) {
        if (step.kind === 'push') {
          const each = delivery(step.lane, step.lane === undefined ? step.group : undefined);
          line.push(each);
          waiting.push(each);
        } else if (step.kind === 'next') {
          const each = line.next();
          if (each !== undefined) {
            assert.ok(fellows(each, running).length < (each.lane === undefined ? placesPerGroup : 1));
            assert.equal(each.lane === undefined ? each : fellows(each, waiting)[0], each);
            takeOut([each]);
            running.push(each);
          }
        } else if (step.kind === 'drain') {
          const drained = line.drain();
          assert.deepEqual(new Set(drained), new Set(waiting));
          takeOut(drained);
        } else if (step.kind === 'withdraw') {
          const each = waiting[step.pick % (waiting.length || 1)];
          if (each !== undefined) {
            const behind = waiting.slice(waiting.indexOf(each) + 1).filter(({ lane }) => lane === each.lane);
            assert.deepEqual(line.withdraw(each), each.lane === undefined ? [] : behind);
            takeOut(each.lane === undefined ? [each] : [each, ...behind]);
          }
        } else {
          end(running.splice(step.pick % (running.length || 1), 1)[0], step.kind === 'fail');
        }
        expect(line.ready + line.blocked).toBe(waiting.length);
        expect(line.ready).toBe(mayStart(inHand, placesPerGroup)); // none waits for a place that is free
      }
      for (const each of running) {
        end(each, false);
      }
      let left = waiting.length;
      for (let each = line.next(); each !== undefined; each = line.next()) {
        left--;
        end(each, false);
      }
      expect([left, line.ready, line.blocked]).toEqual([0, 0, 0]);
    }),
  );
});

/** Those of the same lane or group, oldest first; none for one without. */
function fellows({ lane, group }: Delivery, others: readonly Delivery[]): readonly Delivery[] {
  return lane === undefined && group === undefined
    ? []
    : others.filter((other) => other.lane === lane && other.group === group);
}

/** How many of those that wait could start if there were slots. */
function mayStart(
  { waiting, running }: { readonly waiting: readonly Delivery[]; readonly running: readonly Delivery[] },
  placesPerGroup: number,
): number {
  const isAhead = (each: Delivery): boolean => {
    const places = each.lane === undefined ? placesPerGroup : 1;
    const place = fellows(each, waiting).indexOf(each) + fellows(each, running).length;
    return place < places;
  };
  return waiting.filter(isAhead).length;
}
