import { readFile } from 'node:fs/promises';
import { describeOptions } from '@sqskit/core/options';
import { expect, test } from 'vitest';
import { adaptiveConcurrencyRules } from '../src/adaptive-concurrency.ts';
import { breakerRules } from '../src/breaker-options.ts';
import { memoryStoreRules } from '../src/idempotency/memory-store.ts';
import { idempotencyRules } from '../src/idempotency/options.ts';
import { lambdaRules, ownLambdaRules } from '../src/lambda-options.ts';
import { batchesRules, ownBatchesRules, ownStreamRules, streamRules } from '../src/loop-options.ts';
import { consumerRules } from '../src/options.ts';
import { queueSourceRules } from '../src/queue-sources.ts';
import { stopRules } from '../src/stop-options.ts';
import { adaptiveVisibilityRules } from '../src/visibility.ts';
import { workersRules } from '../src/workers/options.ts';

const readme = '../README.md';
const page = (name: string): string => `../../../docs/consumer-${name}.md`;

const textOf = (document: string): Promise<string> => readFile(new URL(document, import.meta.url), 'utf8');

test.each([
  ['createConsumer', readme, consumerRules()],
  ['adaptiveVisibility', readme, adaptiveVisibilityRules],
  ['stop', readme, stopRules],
  ['queue', page('load'), queueSourceRules],
  ['adaptiveConcurrency', page('load'), adaptiveConcurrencyRules],
  ['breaker', page('load'), breakerRules],
  ['stream', page('loops'), ownStreamRules],
  ['batches', page('loops'), ownBatchesRules],
  ['createLambdaHandler', page('lambda'), ownLambdaRules],
  ['withIdempotency', page('idempotency'), idempotencyRules()],
  ['memoryStore', page('idempotency'), memoryStoreRules],
  ['workers', page('workers'), workersRules],
])('the options of %s are shown as they are, in %s', async (name, document, rules) => {
  const text = await textOf(document);
  const shown = new RegExp(`<!-- options:${name} -->\n(?<table>[\\s\\S]*?)\n<!-- /options -->`).exec(text);
  expect(shown?.groups?.['table']).toBe(describeOptions(rules));
});

const names = (rules: object): readonly string[] => Object.keys(rules).toSorted();
const all = names(consumerRules());

test.each([
  ['stream', page('loops'), all.filter((name) => !Object.hasOwn(streamRules(), name))],
  ['batches', page('loops'), all.filter((name) => !Object.hasOwn(batchesRules(), name))],
  ['createLambdaHandler', page('lambda'), all.filter((name) => Object.hasOwn(lambdaRules(), name))],
])("the page of %s, %s, tells which of the consumer's options it takes", async (name, document, named) => {
  const [, told = ''] =
    new RegExp(`(?:^|\\n)\`${name}\\(([^]*?)\\n\\n<!-- options:${name} -->`).exec(await textOf(document)) ??
    [];
  expect([...told.matchAll(/`(\w+)`/g)].map(([, option = '']) => option).toSorted()).toEqual(named);
});
