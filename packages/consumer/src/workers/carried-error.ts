import { type ErrorCode, isQueueError, QueueError } from '@sqskit/core';
import { show } from '@sqskit/core/options';

/**
 * What was thrown, in a form that goes from one thread to another: a structured clone of an error loses its code, its own
 * name and that it is a `QueueError`.
 */
export type Carried = CarriedError | { readonly value: unknown };

interface CarriedError {
  readonly name: string;
  readonly message: string;
  readonly stack: string | undefined;
  readonly isQueueError: boolean;
  /** Its own properties: `code`, `details` and whatever else it has that can be cloned. */
  readonly properties: Readonly<Record<string, unknown>>;
  readonly cause?: Carried | undefined;
}

/** Causes may go in a circle. */
const maxCauses = 8;

export function carryError(thrown: unknown, depth = 0): Carried {
  if (!(thrown instanceof Error)) {
    return { value: cloneable(thrown) };
  }
  const { name, message, stack, cause } = thrown;
  const own = Object.entries(thrown).map(([key, value]) => [key, cloneable(value)] as const);
  return {
    name: String(name),
    message: String(message),
    stack,
    isQueueError: isQueueError(thrown),
    properties: Object.fromEntries(own),
    ...(cause === undefined || depth >= maxCauses ? {} : { cause: carryError(cause, depth + 1) }),
  };
}

/** What was thrown, as an error of this thread. Of a class of the application's the name is left, and its properties. */
export function reviveError(carried: Carried): unknown {
  if ('value' in carried) {
    return carried.value;
  }
  const { name, message, stack, isQueueError: wasQueueError, properties, cause } = carried;
  const options = cause === undefined ? undefined : { cause: reviveError(cause) };
  const error = wasQueueError
    ? new QueueError<ErrorCode>('unexpected', '', { operation: '' }, options)
    : new (builtIns.get(name) ?? Error)('', options);
  // Not to be listed where the error is printed, as those that the constructor sets are not.
  const hidden = { message, stack, ...(error.name === name ? {} : { name }) };
  for (const [key, value] of Object.entries(hidden)) {
    Object.defineProperty(error, key, { value, writable: true, configurable: true, enumerable: false });
  }
  return Object.assign(error, properties);
}

const builtIns = new Map(
  [TypeError, RangeError, SyntaxError, ReferenceError, EvalError, URIError].map((type) => [type.name, type]),
);

function cloneable(value: unknown): unknown {
  try {
    return structuredClone(value);
  } catch {
    return show(value);
  }
}
