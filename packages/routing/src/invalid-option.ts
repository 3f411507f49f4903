import { QueueError } from '@sqskit/core';
import { show } from '@sqskit/core/options';

/** The error of a malformed option, in the words that core's own rules use. */
export function invalidOption(
  owner: string,
  option: string,
  received: unknown,
  expected: string,
): QueueError<'option-invalid'> {
  const message = `${owner}: expected \`${option}\` to be ${expected}, received ${show(received)}`;
  return new QueueError('option-invalid', message, { option, received, expected });
}
