import { type Failure, sqsLimits } from '@sqskit/core';
import { failedEntry, isOfWholeCall, refusal } from './wire-error.ts';
import type { WireInput } from './wire-input.ts';

/** An entry of a batch, with the id that its caller gave it. */
export interface WireEntry {
  readonly id: string;
  readonly input: WireInput;
}

const entryIdForm = /^[\w-]{1,80}$/;

/** The entries of a batch. Throws what SQS answers to a batch that it does not take as a whole. */
export function batchEntries(input: WireInput): readonly WireEntry[] {
  const { operation } = input;
  const inputs = input.structures('Entries');
  if (inputs.length === 0) {
    throw refusal(operation, 'EmptyBatchRequest', "The batch request doesn't contain any entries.");
  }
  if (inputs.length > sqsLimits.maxBatchEntries) {
    const message = `Maximum number of entries per request are ${sqsLimits.maxBatchEntries}. You have sent ${inputs.length}.`;
    throw refusal(operation, 'TooManyEntriesInBatchRequest', message);
  }
  const ids = new Set<string>();
  return inputs.map((entry) => {
    const id = entry.text('Id');
    if (!entryIdForm.test(id)) {
      const message = 'A batch entry id has 1 to 80 letters, digits, hyphens and underscores.';
      throw refusal(operation, 'InvalidBatchEntryId', message);
    }
    if (ids.has(id)) {
      throw refusal(operation, 'BatchEntryIdsNotDistinct', `Id ${id} repeated.`);
    }
    ids.add(id);
    return { id, input: entry };
  });
}

/**
 * The output of a batch: which entries were taken, each with what `output` gives for it, and which were not, for which
 * it gives nothing. Throws the error of a call that failed as a whole.
 */
export function batchOutput<O extends { readonly ok: true } | Failure>(
  entries: readonly WireEntry[],
  outcomes: readonly O[],
  output: (outcome: O, position: number) => object | undefined,
): object {
  const Successful: object[] = [];
  const Failed: object[] = [];
  entries.forEach(({ id }, position) => {
    const outcome = outcomes[position];
    const taken = outcome === undefined ? undefined : output(outcome, position);
    if (taken !== undefined) {
      Successful.push({ Id: id, ...taken });
    } else if (outcome?.ok === false) {
      if (isOfWholeCall(outcome.error)) {
        throw outcome.error;
      }
      Failed.push(failedEntry(id, outcome.error));
    }
  });
  return { Successful, Failed };
}
