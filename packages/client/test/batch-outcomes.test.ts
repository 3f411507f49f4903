import { isQueueError } from '@sqskit/core';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { outcomesByPosition, prepareBatch } from '../src/batch-outcomes.ts';

type Fate = 'accepted' | 'refused' | 'unmentioned' | 'incomplete' | 'lacking';

interface Entry {
  readonly Id: string;
}

const fates = fc.array(fc.constantFrom<Fate>('accepted', 'refused', 'unmentioned', 'incomplete', 'lacking'), {
  minLength: 1,
  maxLength: 10,
});

test('every entry has the outcome of its own fate, in whatever order the answer names them', () => {
  fc.assert(
    fc.property(fates, fc.integer(), (given, seed) => {
      const batch = prepareBatch(
        'SendMessageBatch',
        given,
        (fate) => (fate === 'lacking' ? 'body' : undefined),
        (fate, Id) => ({ Id, fate }),
      );
      expect(batch.entries.map(({ fate }) => fate)).toEqual(given.filter((fate) => fate !== 'lacking'));
      const shuffled = batch.entries.toSorted(
        (a, b) => ((Number(a.Id) * seed) % 7) - ((Number(b.Id) * seed) % 7),
      );
      const answer = {
        Successful: shuffled.filter(({ fate }) => fate === 'accepted' || fate === 'incomplete'),
        Failed: shuffled
          .filter(({ fate }) => fate === 'refused')
          .map(({ Id }) => ({ Id, Code: 'InvalidMessageContents', SenderFault: true })),
      };
      const outcomes = outcomesByPosition(batch, answer, (successful) =>
        successful.map(({ Id, fate }) => (fate === 'accepted' ? ({ ok: true, Id } as const) : undefined)),
      );
      expect(
        outcomes.map((outcome) => (outcome.ok ? outcome.Id : [outcome.error.code, outcome.error.outcome])),
      ).toEqual(given.map((fate, index) => outcomeOf(fate, index)));
    }),
  );
});

function outcomeOf(fate: Fate, index: number): unknown {
  switch (fate) {
    case 'accepted':
      return String(index);
    case 'refused':
      return ['service-error', 'rejected'];
    case 'lacking':
      return ['message-invalid', 'rejected'];
    case 'unmentioned':
    case 'incomplete':
      return ['response-invalid', 'unknown'];
  }
}

test('ids that nobody gave out are passed over', () => {
  const batch = prepareBatch(
    'DeleteMessageBatch',
    ['handle'],
    () => undefined,
    (_, Id): Entry => ({ Id }),
  );
  const answer = { Successful: [{ Id: '1' }, { Id: '-0' }, { Id: '00' }, { Id: '' }, {}] };
  const outcomes = outcomesByPosition(batch, answer, (all) => all.map(() => ({ ok: true }) as const));
  expect(outcomes).toMatchObject([
    { ok: false, error: { code: 'response-invalid', outcome: 'unknown', retryable: true } },
  ]);
});

test.each([[0], [11]])("a batch of %i is a caller's mistake", (entries) => {
  const prepare = (): unknown =>
    prepareBatch(
      'SendMessageBatch',
      new Array(entries).fill('x'),
      () => undefined,
      (_, Id) => Id,
    );
  expect(prepare).toThrow(
    expect.objectContaining({ code: 'batch-invalid', details: { entries, expected: '1 to 10 entries' } }),
  );
  expect(prepare).toThrow(expect.toSatisfy((error) => isQueueError(error)));
});
