import assert from 'node:assert/strict';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createDelivery, type Delivery } from '../src/delivery.ts';
import { createStartLine } from '../src/start-line.ts';
import { createOrigin } from './origin.ts';

const origin = createOrigin();
let made = 0;

function delivery(lane: string | undefined): Delivery {
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
    lane,
  );
}

test('loose deliveries start in the order of arrival', () => {
  const line = createStartLine();
  const [a, b] = [delivery(undefined), delivery(undefined)];
  line.push(a);
  line.push(b);
  expect([line.next(), line.next(), line.next()]).toEqual([a, b, undefined]);
});

test('the next of a lane starts when the head is settled', () => {
  const line = createStartLine();
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
  const line = createStartLine();
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
  const line = createStartLine();
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
  const line = createStartLine();
  const [a, b, c] = [delivery('g'), delivery('g'), delivery('g')];
  line.push(a);
  line.push(b);
  expect(line.withdraw(a)).toEqual([b]);
  expect([line.ready, line.blocked]).toEqual([0, 0]);
  line.push(c);
  expect([line.next(), line.next()]).toEqual([c, undefined]);
});

type Action =
  | { readonly kind: 'push'; readonly lane: string | undefined }
  | { readonly kind: 'next' | 'settle' | 'withdraw' | 'fail' | 'drain'; readonly pick: number };

const actions = fc.array(
  fc.oneof(
    fc.record({ kind: fc.constant('push' as const), lane: fc.constantFrom(undefined, 'g', 'h') }),
    fc.record({
      kind: fc.constantFrom('next' as const, 'settle' as const, 'withdraw' as const, 'fail' as const),
      pick: fc.nat(),
    }),
    fc.record({ kind: fc.constant('drain' as const), pick: fc.nat() }),
  ),
  { maxLength: 80 },
);

test('whatever happens, a lane runs one at a time and in order, and nothing is forgotten', () => {
  fc.assert(
    fc.property(actions, (steps: readonly Action[]) => {
      const line = createStartLine();
      const waiting: Delivery[] = [];
      const running: Delivery[] = [];
      const takeOut = (gone: readonly Delivery[]): void => {
        for (const each of gone) {
          waiting.splice(waiting.indexOf(each), 1);
        }
      };
      for (const step of steps) {
        if (step.kind === 'push') {
          const each = delivery(step.lane);
          line.push(each);
          waiting.push(each);
        } else if (step.kind === 'next') {
          const each = line.next();
          if (each !== undefined) {
            assert.ok(running.every(({ lane }) => lane === undefined || lane !== each.lane));
            const oldest = waiting.find(({ lane }) => lane === each.lane);
            if (each.lane !== undefined) {
              assert.equal(each, oldest);
            }
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
          const [each] = running.splice(step.pick % (running.length || 1), 1);
          if (each?.lane !== undefined) {
            if (step.kind === 'fail') {
              takeOut(line.cut(each.lane));
            }
            line.advance(each.lane);
          }
        }
        expect(line.ready + line.blocked).toBe(waiting.length);
      }
      for (const { lane } of running) {
        if (lane !== undefined) {
          line.advance(lane);
        }
      }
      let left = waiting.length;
      for (let each = line.next(); each !== undefined; each = line.next()) {
        left--;
        if (each.lane !== undefined) {
          line.advance(each.lane);
        }
      }
      expect(left).toBe(0);
    }),
  );
});
