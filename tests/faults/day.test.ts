import { expect, test } from 'vitest';
import { playDay } from './consumer/day.ts';

test('in two hours of steady load with faults the heap stays flat and every message is accounted for', async () => {
  const { sent, handled, moved, violations } = await playDay(2);
  expect(violations).toEqual([]);
  expect(handled + moved).toBe(sent);
  expect(sent).toBeGreaterThan(15_000);
});
