import { expect, test } from 'vitest';
import { RequestBodies } from '../src/request-bodies.ts';

const textOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString();

test('the memory of a request that was answered holds the next one', () => {
  const bodies = new RequestBodies();
  const first = bodies.make({ text: 'a long first body' });
  bodies.answered(first);
  const second = bodies.make({ text: '⌘' });
  expect(second.memory).toBe(first.memory);
  expect(textOf(second.bytes)).toBe('{"text":"⌘"}');
});

test('requests that are under way have memory of their own', () => {
  const bodies = new RequestBodies();
  const first = bodies.make(['first']);
  const second = bodies.make(['second']);
  expect(second.memory).not.toBe(first.memory);
  expect(textOf(first.bytes)).toBe('["first"]');
});

test('a body that does not fit has bytes of its own, and others are whole to the last character', () => {
  const bodies = new RequestBodies();
  for (const length of [27_305, 27_306, 300_000, 1_000_000]) {
    const text = '\uffff'.repeat(length);
    const body = bodies.make([text]);
    bodies.make(['the next']);
    expect(body.memory === undefined).toBe(length > 27_305);
    expect(textOf(body.bytes)).toBe(JSON.stringify([text]));
  }
});

test('no more memory is kept than a client has requests under way', () => {
  const bodies = new RequestBodies();
  const made = Array.from({ length: 100 }, () => bodies.make(['body']));
  for (const body of made) {
    bodies.answered(body);
  }
  const again = Array.from({ length: 100 }, () => bodies.make(['body']));
  const before = new Set(made.map(({ memory }) => memory));
  expect(again.filter(({ memory }) => before.has(memory))).toHaveLength(64);
});
