import { readFile } from 'node:fs/promises';
import { describeOptions } from '@sqskit/core/options';
import { expect, test } from 'vitest';
import { adaptiveConcurrencyRules } from '../src/adaptive-concurrency.ts';
import { breakerRules } from '../src/breaker-options.ts';
import { memoryStoreRules } from '../src/idempotency/memory-store.ts';
import { idempotencyRules } from '../src/idempotency/options.ts';
import { ownLambdaRules } from '../src/lambda-options.ts';
import { ownBatchesRules, ownStreamRules } from '../src/loop-options.ts';
import { consumerRules, stopRules } from '../src/options.ts';
import { queueSourceRules } from '../src/queue-sources.ts';
import { adaptiveVisibilityRules } from '../src/visibility.ts';
import { workersRules } from '../src/workers/options.ts';

test.each([
  ['createConsumer', consumerRules()],
  ['breaker', breakerRules],
  ['adaptiveConcurrency', adaptiveConcurrencyRules],
  ['adaptiveVisibility', adaptiveVisibilityRules],
  ['queue', queueSourceRules],
  ['stop', stopRules],
  ['stream', ownStreamRules],
  ['batches', ownBatchesRules],
  ['createLambdaHandler', ownLambdaRules],
  ['withIdempotency', idempotencyRules()],
  ['memoryStore', memoryStoreRules],
  ['workers', workersRules],
])('the README shows the options of %s as they are', async (name, rules) => {
  const readme = await readFile(new URL('../README.md', import.meta.url), 'utf8');
  const shown = new RegExp(`<!-- options:${name} -->\n(?<table>[\\s\\S]*?)\n<!-- /options -->`).exec(readme);
  expect(shown?.groups?.['table']).toBe(describeOptions(rules));
});
