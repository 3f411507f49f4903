import { readFile } from 'node:fs/promises';
import { type CloseOptions, isQueueError, type Queue, type SendOptions, sqsLimits } from '@sqskit/core';
import { describeOptions } from '@sqskit/core/options';
import { createFakeClock, createFakeQueue } from '@sqskit/testing';
import { describe, expect, test } from 'vitest';
import { createProducer, type ProducerOptions } from '../src/index.ts';
import { producerOptionRules } from '../src/producer-options.ts';
import { thrownBy } from './set-up.ts';

const queue = createFakeQueue();

/** The option that `createProducer` complains of. */
function refusedOption(options: object): unknown {
  const error = thrownBy(() => createProducer(queue, options as ProducerOptions<unknown>)); // what JavaScript may pass
  return isQueueError(error, 'option-invalid') ? error.details.option : error;
}

describe('options', () => {
  test.each([
    ['lingerMs', -1],
    ['lingerMs', 60_001],
    ['lingerMs', '5'],
    ['lingerWhenIdle', 1],
    ['maxBatchEntries', 0],
    ['maxBatchEntries', 11],
    ['maxConcurrency', 0],
    ['maxConcurrency', 1.5],
    ['order', 'none'],
    ['afterGroupFailure', true],
    ['maxMessageBytes', 1_023],
    ['maxMessageBytes', 1_048_577],
    ['maxBufferedMessages', 0],
    ['maxBufferedBytes', 0],
    ['maxWaitingMessages', -1],
    ['maxWaitingBytes', Number.NaN],
    ['deadlineMs', 0],
    ['deadlineMs', Number.POSITIVE_INFINITY],
    ['retryBaseMs', 0],
    ['retryThrottledBaseMs', 0],
    ['retryMaxMs', 0],
    ['deduplication', 'none'],
    ['idPrefix', ''],
    ['idPrefix', 'a b'],
    ['idPrefix', 'x'.repeat(101)],
    ['codec', { encode: () => '' }],
    ['envelope', 'plain'],
    ['clock', {}],
    ['random', 4],
    ['logger', {}],
    ['recorder', {}],
    ['batchSize', 10],
  ])('%s of %s is refused at construction', (option, value) => {
    expect(refusedOption({ [option]: value })).toBe(option);
  });

  test('undefined is not given, 0 is a value, and every bound is allowed', () => {
    const undefinedOptions = Object.fromEntries(
      Object.keys(producerOptionRules).map((name) => [name, undefined]),
    );
    expect(thrownBy(() => createProducer(queue, undefinedOptions))).toBeUndefined();
    const bounds = {
      lingerMs: 0,
      maxWaitingMessages: 0,
      maxWaitingBytes: 0,
      maxBufferedMessages: Number.POSITIVE_INFINITY,
    };
    expect(thrownBy(() => createProducer(queue, bounds))).toBeUndefined();
  });

  test.each([
    [undefined],
    [null],
    ['https://sqs.us-east-1.amazonaws.com/123456789012/a'],
    [{ send: () => undefined }],
  ])('a queue of %s is refused with what was expected', (given) => {
    const error = thrownBy(() => createProducer(given as unknown as Queue)); // what JavaScript may pass
    expect(isQueueError(error, 'option-invalid') && error.details.option).toBe('queue');
    expect(String(error)).toContain('createSqsQueue(client, queueUrl)');
  });

  test('a queue with an address that is none is refused', () => {
    const error = thrownBy(() =>
      createProducer({ ...queue, url: 'orders', sendBatch: async () => [] } as Queue),
    ); // as above
    expect(isQueueError(error, 'queue-url-invalid')).toBe(true);
  });

  test('the defaults are what a client and SQS carry', () => {
    expect(producerOptionRules.maxConcurrency.default).toBe(50);
    expect(producerOptionRules.maxBatchEntries.default).toBe(sqsLimits.maxBatchEntries);
  });
});

test('the README shows the options as they are', async () => {
  const readme = await readFile(new URL('../README.md', import.meta.url), 'utf8');
  const shown = /<!-- options:createProducer -->\n(?<table>[\s\S]*?)\n<!-- \/options -->/.exec(readme);
  expect(shown?.groups?.['table']).toBe(describeOptions(producerOptionRules));
});

test('regression: a misspelt option of send or close was ignored', async () => {
  const producer = createProducer(createFakeQueue(), {
    clock: createFakeClock(),
    maxMessageBytes: 1_048_576,
  });
  const misspelt: unknown = { timeout: 500 };
  await expect(producer.send({ body: 1 }, misspelt as SendOptions)).rejects.toMatchObject({
    code: 'option-invalid',
    details: { option: 'timeout' },
  });
  await expect(producer.close(misspelt as CloseOptions)).rejects.toMatchObject({
    code: 'option-invalid',
    details: { option: 'timeout' },
  });
  await producer.close();
});
