import { expect, test } from 'vitest';
import { compose, type Layer } from '../src/compose.ts';

type Step = (trail: readonly string[]) => readonly string[];

const named =
  (name: string): Layer<Step> =>
  (inner) =>
  (trail) => [...inner([...trail, `into ${name}`]), `out of ${name}`];

test('a call passes through the layers in the order in which they are written', () => {
  const composed = compose<Step>((trail) => [...trail, 'inner'], named('a'), named('b'));
  expect(composed([])).toEqual(['into a', 'into b', 'inner', 'out of b', 'out of a']);
});

test('without layers it is the thing itself', () => {
  const inner: Step = (trail) => trail;
  expect(compose(inner)).toBe(inner);
});

test('is the same when composed in parts', () => {
  const inner: Step = (trail) => trail;
  const whole = compose(inner, named('a'), named('b'), named('c'));
  const parts = compose(compose(inner, named('b'), named('c')), named('a'));
  expect(parts([])).toEqual(whole([]));
});
