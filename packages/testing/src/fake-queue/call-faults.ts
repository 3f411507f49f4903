import type { QueueError } from '@sqskit/core';
import type { Fault, FaultKind, QueueVerb } from '../faults/fault.ts';
import { callError, entryError } from './answers.ts';

type FaultOf<K extends Fault['kind']> = Extract<Fault, { readonly kind: K }>;

/** A fault that has struck, and the error it is answered with. */
export interface Strike {
  readonly kind: FaultKind;
  readonly error: QueueError;
}

/** The fault that refuses the whole call, if one does. */
export function refusalAmong(faults: readonly Fault[], verb: QueueVerb): Strike | undefined {
  for (const fault of faults) {
    const answer = answerOf(fault);
    if (answer !== undefined) {
      const [awsCode, httpStatus] = answer;
      return { kind: fault.kind, error: callError(verb, awsCode, httpStatus, 'a fault of the plan') };
    }
  }
  return undefined;
}

function answerOf(fault: Fault): readonly [awsCode: string, httpStatus: number] | undefined {
  switch (fault.kind) {
    case 'throttle':
      return ['RequestThrottled', 400];
    case 'batch-too-large':
      return ['AWS.SimpleQueueService.BatchRequestTooLong', 400];
    case 'unavailable':
      return ['ServiceUnavailable', 503];
    case 'service-error':
      return [fault.awsCode, fault.httpStatus];
    default:
      return undefined;
  }
}

/** The failure that befalls the entry at `position`, if one does. */
export function entryFailureAmong(
  faults: readonly Fault[],
  verb: QueueVerb,
  position: number,
): Strike | undefined {
  const fault = faultAt(faults, 'entry-failure', position) ?? faultAt(faults, 'entry-rejection', position);
  if (fault === undefined) {
    return undefined;
  }
  const senderFault = fault.kind === 'entry-rejection';
  const awsCode = fault.awsCode ?? (senderFault ? 'InvalidParameterValue' : 'InternalError');
  return { kind: fault.kind, error: entryError(verb, awsCode, senderFault, 'a fault of the plan') };
}

/** The fault of this kind that befalls the entry at `position`, if one does. */
export function faultAt<
  K extends 'entry-failure' | 'entry-rejection' | 'md5-mismatch' | 'stale-handle' | 'duplicate',
>(faults: readonly Fault[], kind: K, position: number): FaultOf<K> | undefined {
  return faults.find(
    (fault): fault is FaultOf<K> =>
      fault.kind === kind &&
      (!('positions' in fault) || fault.positions === undefined || fault.positions.includes(position)),
  );
}
