import type { Tracing, Undelivered } from '@sqskit/core';
import { describe, expect, test } from 'vitest';
import { memoryOf } from '../src/admission.ts';
import { sendCalls, settled, setUp } from './set-up.ts';

describe('tracing', () => {
  const tracing: Tracing = {
    inject: ({ groupId }) => ({
      traceHeader: 'Root=1',
      attributes: { traceparent: { type: 'String', value: `of ${groupId}` } },
    }),
  };

  test('adds a header and attributes to each message, which count in its size', async () => {
    const { clock, queue, producer } = setUp({ tracing });
    const attributes = { kind: { type: 'String', value: 'x' } } as const;
    const sent = producer.send({ body: 'a', groupId: 'g', attributes });
    const bytes = 1 + 'kindStringx'.length + 'traceparentStringof g'.length;
    expect(producer.stats().bufferedBytes).toBe(memoryOf(1, bytes));
    await clock.settle(sent);
    expect(sendCalls(queue)[0]?.given).toMatchObject([
      {
        traceHeader: 'Root=1',
        attributes: { ...attributes, traceparent: { type: 'String', value: 'of g' } },
      },
    ]);
  });

  test('leaves what the message has of its own', async () => {
    const { clock, queue, producer } = setUp({ tracing });
    const attributes = { traceparent: { type: 'String', value: 'mine' } } as const;
    await clock.settle(producer.send({ body: 'a', traceHeader: 'Root=mine', attributes }));
    expect(sendCalls(queue)[0]?.given).toMatchObject([{ traceHeader: 'Root=mine', attributes }]);
  });

  test.each<[string, Tracing['inject']]>([
    ['nothing', () => undefined],
    [
      'an error',
      () => {
        throw new Error('no span');
      },
    ],
    ['what SQS would refuse', () => ({ attributes: { 'not a name!': { type: 'String', value: 'x' } } })],
  ])('gives %s: the message goes without', async (_, inject) => {
    const { clock, queue, producer } = setUp({ tracing: { inject } });
    await clock.settle(producer.send({ body: 'a' }));
    expect(sendCalls(queue)[0]?.given).toMatchObject([{ attributes: undefined, traceHeader: undefined }]);
  });
});

describe('onUndelivered', () => {
  test('is given each message that finally failed, and none that was refused at the door', async () => {
    const given: Undelivered<string>[] = [];
    const { clock, faults, producer } = setUp({ onUndelivered: (undelivered) => given.push(undelivered) });
    faults.failNext('sendBatch', { kind: 'entry-rejection', positions: [1] });
    await clock.settle(settled(['a', 'b', ''].map((body) => producer.send({ body, id: `id-${body}` }))));
    expect(given).toMatchObject([{ id: 'id-b', message: { body: 'b' }, error: { code: 'service-error' } }]);
  });

  test.each<[string, () => unknown]>([
    [
      'throws',
      () => {
        throw new Error('disk full');
      },
    ],
    ['rejects', () => Promise.reject(new Error('disk full'))],
  ])('that %s harms nothing, and is told to the logger', async (_, onUndelivered) => {
    const errors: unknown[] = [];
    const silent = (): void => undefined;
    const { clock, faults, producer, errorOf } = setUp({
      onUndelivered,
      logger: { debug: silent, warn: silent, error: (...said) => errors.push(said) },
    });
    faults.failNext('sendBatch', { kind: 'entry-rejection' });
    expect(await errorOf(producer.send({ body: 'a' }))).toMatchObject({ code: 'service-error' });
    await clock.flush();
    expect(errors.length).toBe(1);
  });
});
