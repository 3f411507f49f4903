import { expect, test } from 'vitest';
import { createScene } from './scene.ts';

const classes = [
  ['ThrottlingException', 400, 'throttled'],
  ['OverLimit', 403, 'in-flight-limit'],
  ['InternalError', 500, 'service-error'],
  ['ServiceUnavailable', 503, 'service-error'],
  ['ExpiredToken', 403, 'access-denied'],
  ['CredentialsProviderError', 400, 'access-denied'],
  ['AccessDenied', 403, 'access-denied'],
  ['KmsAccessDenied', 400, 'access-denied'],
  ['QueueDoesNotExist', 400, 'queue-missing'],
  ['SomethingNew', 400, 'service-error'],
] as const;

test.each(classes)(
  'receives that fail with %s are few, reported, and never given up',
  async (awsCode, httpStatus, code) => {
    for (const draw of [0, 0.999]) {
      const { clock, queue, faults, send, consume, errors, calls } = createScene();
      faults.failNext(
        'receive',
        { kind: 'service-error', awsCode, httpStatus },
        { times: Number.POSITIVE_INFINITY },
      );
      const consumer = consume(() => undefined, { random: () => draw });
      consumer.start();
      await clock.advance(10_000);
      const [afterTenSeconds] = [calls('receive').length];
      expect(afterTenSeconds).toBeLessThanOrEqual(10);
      expect(afterTenSeconds).toBeGreaterThanOrEqual(2);
      expect(errors).toHaveLength(afterTenSeconds);
      for (const { error, context } of errors) {
        expect(error).toMatchObject({ code, details: { awsCode } });
        expect(context).toEqual({ during: 'receive', queueUrl: queue.url });
      }
      await clock.advance(3_600_000);
      expect(calls('receive').length).toBeLessThanOrEqual(260);
      expect(calls('receive').length).toBeGreaterThanOrEqual(30);
      faults.clear();
      await send(3);
      await clock.advance(121_000);
      expect(queue.messages()).toEqual([]);
      await clock.settle(consumer.stop());
    }
  },
);

test('what does not pass by itself is asked for less often than what does', async () => {
  const callsOf = async (awsCode: string, httpStatus: number): Promise<number> => {
    const { clock, faults, consume, calls } = createScene();
    faults.failNext(
      'receive',
      { kind: 'service-error', awsCode, httpStatus },
      { times: Number.POSITIVE_INFINITY },
    );
    const consumer = consume(() => undefined, { random: () => 0.5 });
    consumer.start();
    await clock.advance(3_600_000);
    await clock.settle(consumer.stop());
    return calls('receive').length;
  };
  const outage = await callsOf('InternalError', 500);
  expect(await callsOf('QueueDoesNotExist', 400)).toBeLessThan(outage / 3);
  expect(await callsOf('AccessDenied', 403)).toBeLessThan(outage / 3);
});

test('several polls that fail together are one failure', async () => {
  const { clock, faults, send, consume, sleep, calls } = createScene({ latencyMs: 10 });
  await send(2_000);
  const consumer = consume(() => sleep(10), { maxConcurrency: 100, maxPollers: 10, random: () => 0.999 });
  consumer.start();
  await clock.advance(90);
  expect(consumer.stats().polls).toBeGreaterThan(3);
  faults.failNext('receive', { kind: 'unavailable' }, { times: Number.POSITIVE_INFINITY });
  await clock.advance(500);
  const failing = calls('receive').length;
  await clock.advance(1_400);
  // The first rest of a single poll: 1 s.
  expect(calls('receive')).toHaveLength(failing + 1);
  await clock.settle(consumer.stop({ timeoutMs: 1_000 }));
});
