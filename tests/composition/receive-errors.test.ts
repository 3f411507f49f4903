import {
  OverLimit,
  QueueDoesNotExist,
  RequestThrottled,
  SQSClient,
  SQSServiceException,
} from '@aws-sdk/client-sqs';
import { createSqsQueue } from '@sqskit/client';
import { createConsumer } from '@sqskit/consumer';
import { createFakeClock } from '@sqskit/testing';
import { expect, test } from 'vitest';

// What the SDK throws at a receive, as the consumer's `onError` and `health` tell it.

const queueUrl = 'https://sqs.us-east-1.amazonaws.com/123456789012/orders';

const service = (name: string, httpStatusCode: number): SQSServiceException =>
  new SQSServiceException({ name, $fault: 'client', message: name, $metadata: { httpStatusCode } });

const inGeneral = { message: 'no', $metadata: { httpStatusCode: 400 } };

test.each([
  ['credentials that nobody gives', named('CredentialsProviderError'), 'access-denied'],
  ['a token that has expired', service('ExpiredTokenException', 403), 'access-denied'],
  ['a permission that is missing', service('AccessDeniedException', 403), 'access-denied'],
  ['a queue that is missing', new QueueDoesNotExist(inGeneral), 'queue-missing'],
  ['too many messages in flight', new OverLimit(inGeneral), 'in-flight-limit'],
  ['too many calls', new RequestThrottled(inGeneral), 'throttled'],
  ['a server that fails', service('InternalFailure', 500), 'service-error'],
  ['a name that has no address', errno('ENOTFOUND', 'getaddrinfo'), 'network-error'],
  ['a connection that is reset', errno('ECONNRESET', 'read'), 'network-error'],
])('%s has a code of its own, and few calls', async (_what, thrown, code) => {
  const clock = createFakeClock();
  const client = new SQSClient({
    region: 'us-east-1',
    maxAttempts: 1,
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
  });
  let calls = 0;
  client.middlewareStack.add(
    () => async () => {
      calls++;
      throw thrown;
    },
    { step: 'initialize', priority: 'low' },
  );
  const codes: unknown[] = [];
  const consumer = createConsumer(createSqsQueue(client, queueUrl), () => undefined, {
    clock,
    onError: (error) => codes.push(Reflect.get(Object(error), 'code')),
  });
  consumer.start();
  await clock.advance(10_000);
  expect(new Set(codes)).toEqual(new Set([code]));
  expect(calls).toBeLessThanOrEqual(10);
  expect(calls).toBeGreaterThanOrEqual(2);
  expect(consumer.health().queues).toMatchObject([{ consecutiveFailures: calls, lastErrorCode: code }]);
  await clock.settle(consumer.stop());
  client.destroy();
});

function named(name: string): Error {
  return Object.assign(new Error(name), { name });
}

function errno(code: string, syscall: string): Error {
  return Object.assign(new Error(`${syscall} ${code}`), { code, syscall });
}
