import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describeOptions } from '@sqskit/core/options';
import { expect, test } from 'vitest';
import { fakeClockRules } from '../src/fake-clock.ts';
import { fakeQueueRules } from '../src/fake-queue/fake-queue-options.ts';
import { fakeSqsRules } from '../src/fake-sqs/fake-sqs-options.ts';
import { faultPlanRules, faultRateRules } from '../src/faults/fault-plan.ts';

const readme = readFileSync(join(import.meta.dirname, '..', 'README.md'), 'utf8');

test.each([
  ['createFakeQueue', fakeQueueRules],
  ['startFakeSqs', fakeSqsRules],
  ['createFakeClock', fakeClockRules],
  ['createFaultPlan', faultPlanRules],
  ['rates', faultRateRules],
] as const)('the README has the options of %s as they are', (name, rules) => {
  const [, table] = new RegExp(`<!-- options:${name} -->\n([^]*?)\n?<!-- /options -->`).exec(readme) ?? [];
  expect(table).toBe(describeOptions(rules));
});

test('the README tells every kind of fault', () => {
  const source = readFileSync(join(import.meta.dirname, '..', 'src', 'faults', 'fault.ts'), 'utf8');
  const kinds = [...source.matchAll(/kind: '([a-z\d-]+)'/g)].map(([, kind]) => kind);
  expect(kinds).toHaveLength(12);
  for (const kind of kinds) {
    expect(readme).toContain(`\`${kind}\``);
  }
});
