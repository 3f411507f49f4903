/** The command line cannot be carried out as given: exit code 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** The run cannot go on, for a reason that its message says in full: exit code 1, and no stack trace. */
export class RunError extends Error {
  override readonly name = 'RunError';
}

/** What went wrong, in one line: the message, or the causes where the message is empty, as with a refused connection. */
export function reasonOf(error: unknown): string {
  if (error instanceof AggregateError && error.message === '') {
    return error.errors.map(reasonOf).join('; ');
  }
  if (error instanceof Error) {
    const cause = error.cause === undefined ? '' : reasonOf(error.cause);
    const message = error.message.replace(/^\[[a-z-]+\] /, ''); // a QueueError begins with its code
    return cause === '' || message.includes(cause) ? message : `${message} (${cause})`;
  }
  return String(error);
}
