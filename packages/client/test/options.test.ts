import { readFile } from 'node:fs/promises';
import { describeOptions } from '@sqskit/core/options';
import { expect, test } from 'vitest';
import { adaptiveConcurrencyRules } from '../src/adaptive-concurrency.ts';
import { leanClientRules } from '../src/lean-options.ts';
import { leanQueueRules } from '../src/lean-queue.ts';
import { pooledHandlerRules } from '../src/pool-options.ts';
import { pooledClientRules } from '../src/pooled-client.ts';
import { sqsQueueRules } from '../src/sqs-queue.ts';

test.each([
  ['pooledHandler', pooledHandlerRules],
  ['createPooledClient', pooledClientRules],
  ['createSqsQueue', sqsQueueRules],
  ['adaptiveConcurrency', adaptiveConcurrencyRules],
  ['createLeanClient', leanClientRules],
  ['createLeanQueue', leanQueueRules],
])('the README says of the options of %s what their rules say', async (name, rules: object) => {
  const readme = await readFile(new URL('../README.md', import.meta.url), 'utf8');
  const [, table] = readme.split(`<!-- options:${name} -->\n`);
  expect(table?.split('\n<!-- /options -->')[0]).toBe(describeOptions(rules));
});
