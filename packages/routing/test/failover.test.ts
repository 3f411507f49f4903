import { type ErrorCode, type ErrorDetails, QueueError, type QueueErrorOptions } from '@sqskit/core';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Availability } from '../src/breaker.ts';
import { chooseNext, mayFailOver, shareOf, speaksAgainst } from '../src/failover.ts';

const service: ErrorDetails['service-error'] = {
  operation: 'SendMessageBatch',
  awsCode: 'X',
  httpStatus: 400,
  requestId: undefined,
};

const error = <C extends ErrorCode>(code: C, details: ErrorDetails[C], options?: QueueErrorOptions) =>
  new QueueError(code, 'failed', details, options);

const bufferFull = { waitingMessages: 1, waitingBytes: 1, maxWaitingMessages: 1, maxWaitingBytes: 1 };

const regional: readonly QueueError[] = [
  error('throttled', service, { retryable: true, throttled: true }),
  error('in-flight-limit', service),
  error('access-denied', service),
  error('queue-missing', service),
  error('region-mismatch', { clientRegion: 'us-east-1', queueRegion: 'eu-west-1' }),
  error('network-error', { operation: 'SendMessageBatch', reason: 'ECONNREFUSED' }, { retryable: true }),
  error('timeout', { operation: 'SendMessageBatch', timeoutMs: 1 }),
  error('pool-exhausted', { maxConnections: 1, maxWaiting: 1 }),
  error('buffer-full', bufferFull),
  error('deadline-exceeded', { attempts: 2 }),
  error('closed', { what: 'producer' }),
  error('service-error', service, { retryable: true }),
];

const everywhere: readonly QueueError[] = [
  error('message-invalid', { field: 'groupId', received: "''", expected: 'something' }),
  error('message-too-large', { bytes: 2, maxBytes: 1 }),
  error('encode-failed', {}),
  error('option-invalid', { option: 'x', received: 1, expected: '2' }),
  error('batch-too-large', service),
  error('aborted', {}),
  error('service-error', service),
];

const codeOf = ({ code, retryable }: QueueError): [string, string] => [
  code,
  retryable ? 'retryable' : 'final',
];
const cases = (errors: readonly QueueError[]) => errors.map((each) => [...codeOf(each), each] as const);

describe('failover', () => {
  test.each(cases(regional))('takes %s (%s) to another region if it is certain', (_code, _kind, failure) => {
    expect(mayFailOver(failure)).toBe(true);
    expect(speaksAgainst(failure)).toBe(true);
  });

  test.each(cases(everywhere))(
    'does not repeat %s (%s), which would be the same elsewhere',
    (...[, , failure]) => {
      expect(mayFailOver(failure)).toBe(false);
      expect(speaksAgainst(failure)).toBe(false);
    },
  );

  test.each(cases([...regional, ...everywhere]))(
    'never repeats %s (%s) with an unknown outcome',
    (...[, , failure]) => {
      const { code, details, retryable } = failure;
      const unknown = new QueueError(code, 'failed', details, { retryable, outcome: 'unknown' });
      expect(mayFailOver(unknown)).toBe(false);
      expect(speaksAgainst(unknown)).toBe(code !== 'aborted');
    },
  );

  test('takes a message that never left its buffer elsewhere, and does not hold it against the region', () => {
    const expired = error('deadline-exceeded', { attempts: 0 });
    expect(mayFailOver(expired)).toBe(true);
    expect(speaksAgainst(expired)).toBe(false);
  });
});

const availabilities = fc.constantFrom<Availability[]>('ready', 'probe', 'avoid');
interface Named {
  readonly name: number;
  readonly as: Availability;
}
const routes: fc.Arbitrary<readonly [Named, ...Named[]]> = fc
  .tuple(availabilities, fc.array(availabilities, { maxLength: 5 }))
  .map(([first, others]) => [
    { name: 0, as: first },
    ...others.map((as, index) => ({ name: index + 1, as })),
  ]);

describe('the next region', () => {
  test('is the first that is not to be avoided, and otherwise the first', () => {
    fc.assert(
      fc.property(routes, (route) => {
        const { chosen, others } = chooseNext(route, ({ as }) => as);
        const usable = route.filter(({ as }) => as !== 'avoid');
        expect(chosen).toBe(usable[0] ?? route[0]);
        expect(others).toEqual(route.filter((site) => site !== chosen));
      }),
    );
  });

  test('comes to every one in turn', () => {
    fc.assert(
      fc.property(routes, (route) => {
        const visited = new Set<number>();
        let left: readonly Named[] = route;
        for (let [first, ...rest] = left; first !== undefined; [first, ...rest] = left) {
          const { chosen, others } = chooseNext([first, ...rest], ({ as }) => as);
          visited.add(chosen.name);
          left = others;
        }
        expect(visited.size).toBe(route.length);
      }),
    );
  });

  test('keeps time for another that is no worse', () => {
    const remain = (...route: readonly [Availability, ...Availability[]]) =>
      chooseNext(route.map((as, name) => ({ name, as })) as [Named, ...Named[]], ({ as }) => as).othersRemain;
    expect(remain('ready')).toBe(false);
    expect(remain('ready', 'ready')).toBe(true);
    expect(remain('ready', 'probe')).toBe(true);
    expect(remain('ready', 'avoid')).toBe(false);
    expect(remain('avoid', 'ready')).toBe(false);
    expect(remain('avoid', 'avoid')).toBe(true);
    expect(remain('avoid')).toBe(false);
  });

  test('has a share of the time left: half while others remain, and otherwise all of it', () => {
    expect(shareOf(30_000, true)).toBe(15_000);
    expect(shareOf(30_000, false)).toBe(30_000);
  });
});
