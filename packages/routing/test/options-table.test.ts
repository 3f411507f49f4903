import { readFileSync } from 'node:fs';
import { describeOptions } from '@sqskit/core/options';
import { expect, test } from 'vitest';
import { nearestRegionRules } from '../src/nearest-region.ts';
import { regionalSenderRules } from '../src/regional-sender-options.ts';

const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');

test.each([
  ['createRegionalSender', regionalSenderRules],
  ['nearestRegion', nearestRegionRules],
])('the options table of %s in the README is that of its rules', (name, rules) => {
  const table = new RegExp(`<!-- options:${name} -->\n(.*?)\n<!-- /options -->`, 's').exec(readme)?.[1];
  expect(table).toBe(describeOptions(rules));
});
