import { type Failure, QueueError, sqsLimits } from '@sqskit/core';
import { serviceError } from '@sqskit/core/errors';
import { responseInvalid, withOutcomeUnknown } from './call-failure.ts';
import { withoutReceiptHandles } from './receipt-handle-mask.ts';
import type { QueueOperation } from './transport.ts';

/** What every batch action answers with. Ids are the positions of the entries. */
export interface BatchAnswer<S extends { readonly Id?: string | undefined }> {
  readonly Successful?: readonly S[] | undefined;
  readonly Failed?: readonly FailedEntry[] | undefined;
  readonly $metadata?: { readonly requestId?: string | undefined; readonly attempts?: number | undefined };
}

interface FailedEntry {
  readonly Id?: string | undefined;
  readonly SenderFault?: boolean | undefined;
  readonly Code?: string | undefined;
  readonly Message?: string | undefined;
}

/** A batch on its way: the entries for the wire, and the outcomes that are known without asking. */
export interface PreparedBatch<W> {
  readonly operation: QueueOperation;
  readonly entries: W[];
  readonly outcomes: readonly (Failure | undefined)[];
}

/**
 * Entries for the wire, with their positions as ids. One that lacks something required is left out and fails alone:
 * SQS would refuse the whole call with `MissingParameter`. Throws `batch-invalid`: an empty batch, or one of more than
 * 10 entries, is a caller's mistake.
 */
export function prepareBatch<E, W>(
  operation: QueueOperation,
  given: readonly E[],
  missingField: (entry: E) => string | undefined,
  toWire: (entry: E, id: string) => W,
): PreparedBatch<W> {
  const { maxBatchEntries } = sqsLimits;
  if (given.length < 1 || given.length > maxBatchEntries) {
    const expected = `1 to ${maxBatchEntries} entries`;
    throw new QueueError('batch-invalid', `${operation}: expected ${expected}, received ${given.length}`, {
      entries: given.length,
      expected,
    });
  }
  const entries: W[] = [];
  const outcomes = given.map((entry, index) => {
    const field = missingField(entry);
    if (field === undefined) {
      entries.push(toWire(entry, String(index)));
      return undefined;
    }
    return { ok: false, error: missingError(operation, field) } as const;
  });
  return { operation, entries, outcomes };
}

function missingError(operation: string, field: string): QueueError<'message-invalid'> {
  const expected = 'a text of one character or more';
  const message = `${operation}: expected \`${field}\` to be ${expected}, received nothing`;
  return new QueueError('message-invalid', message, { field, received: 'nothing', expected });
}

/**
 * One outcome an entry, by position. An entry that the answer does not mention may have been accepted: its outcome is
 * unknown. `read` gives one of each success, `undefined` for one that lacks what it must have.
 */
export function outcomesByPosition<S extends { readonly Id?: string | undefined }, O>(
  { operation, outcomes }: PreparedBatch<unknown>,
  { Successful = [], Failed = [], $metadata }: BatchAnswer<S>,
  read: (successful: readonly S[]) => readonly (O | undefined)[],
): (O | Failure)[] {
  const answered = new Map<string | undefined, O | Failure | undefined>();
  for (const entry of Failed) {
    answered.set(entry.Id, { ok: false, error: entryError(operation, entry, $metadata) });
  }
  read(Successful).forEach((outcome, index) => {
    answered.set(Successful[index]?.Id, outcome);
  });
  return outcomes.map(
    (known, index) => known ?? answered.get(String(index)) ?? unmentioned(operation, index),
  );
}

/** The same failure for each entry that went out. */
export function failAll({ outcomes }: PreparedBatch<unknown>, error: QueueError): Failure[] {
  return outcomes.map((known) => known ?? { ok: false, error });
}

function unmentioned(operation: string, index: number): Failure {
  return { ok: false, error: responseInvalid(operation, `an outcome for entry ${index}`, 'none') };
}

function entryError(
  operation: string,
  { Code = 'Unknown', Message, SenderFault = false }: FailedEntry,
  metadata: BatchAnswer<FailedEntry>['$metadata'],
): QueueError {
  const error = serviceError({
    operation,
    awsCode: Code,
    httpStatus: 200,
    requestId: metadata?.requestId,
    message: withoutReceiptHandles(Message),
    senderFault: SenderFault,
  });
  // An earlier attempt that the client made by itself may have been carried out.
  return (metadata?.attempts ?? 1) > 1 ? withOutcomeUnknown(error) : error;
}
