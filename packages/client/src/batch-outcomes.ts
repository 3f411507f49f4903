import type { Failure, QueueError } from '@sqskit/core';
import { serviceError } from '@sqskit/core/errors';
import { responseInvalid, withOutcomeUnknown } from './call-failure.ts';

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

/**
 * One outcome for each of `count` entries, by position. An entry that the answer does not mention may have been
 * accepted: its outcome is unknown. `read` gives `undefined` for a success that lacks what it must have.
 */
export function outcomesByPosition<S extends { readonly Id?: string | undefined }, O>(
  operation: string,
  count: number,
  answer: BatchAnswer<S>,
  read: (entry: S) => O | undefined,
): (O | Failure)[] {
  const outcomes: (O | Failure | undefined)[] = new Array(count).fill(undefined);
  for (const entry of answer.Failed ?? []) {
    const index = positionOf(entry.Id, count);
    if (index !== undefined) {
      outcomes[index] = { ok: false, error: entryError(operation, entry, answer.$metadata) };
    }
  }
  for (const entry of answer.Successful ?? []) {
    const index = positionOf(entry.Id, count);
    if (index !== undefined) {
      outcomes[index] = read(entry);
    }
  }
  return outcomes.map(
    (outcome, index) =>
      outcome ?? {
        ok: false,
        error: responseInvalid(operation, `an outcome for entry ${index} of ${count}`, 'none'),
      },
  );
}

/** The same failure for each of `count` entries. */
export function failAll(count: number, error: QueueError): Failure[] {
  return new Array(count).fill({ ok: false, error });
}

function positionOf(id: string | undefined, count: number): number | undefined {
  const index = id !== undefined && /^\d+$/.test(id) ? Number(id) : count;
  return index < count ? index : undefined;
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
    message: Message,
    senderFault: SenderFault,
  });
  // An earlier attempt that the client made by itself may have been carried out.
  return (metadata?.attempts ?? 1) > 1 ? withOutcomeUnknown(error) : error;
}
