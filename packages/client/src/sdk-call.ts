import { abortedError } from '@sqskit/core';
import type { Clock } from '@sqskit/core/clock';
import { onAbort } from './abort-listener.ts';
import { callFailure } from './call-failure.ts';
import type { SqsClient } from './sqs-client.ts';

// The handler of an aborted call knows whether bytes were written, and says so at once. A call that hangs before it came
// to the handler (in a credential provider, which takes no signal: aws-sdk-js-v3 #5810) is not waited for.
const abortGraceMs = 100;

/**
 * Sends one command and resolves with its output, or rejects with a `QueueError`. With a signal it settles soon after
 * the abort, whatever the SDK is doing.
 */
export async function sdkCall(
  client: SqsClient,
  clock: Clock,
  operation: string,
  command: object,
  signal: AbortSignal | undefined,
): Promise<unknown> {
  try {
    if (signal === undefined) {
      return await client.send(command as never);
    }
    return await sendUntilAborted(client, clock, command, signal);
  } catch (thrown) {
    throw callFailure(thrown, { operation, signal });
  }
}

async function sendUntilAborted(
  client: SqsClient,
  clock: Clock,
  command: object,
  signal: AbortSignal,
): Promise<unknown> {
  if (signal.aborted) {
    throw abortedError(signal);
  }
  // One controller a call: the handler of older SDKs keeps a single callback a signal, so calls that share one would
  // not all be ended.
  const controller = new AbortController();
  const sent = client.send(command as never, { abortSignal: controller.signal });
  let withdraw: () => void = () => undefined;
  const abandoned = new Promise<never>((_, reject) => {
    withdraw = onAbort(signal, () => {
      controller.abort(signal.reason);
      const timer = clock.setTimer(() => reject(abortedError(signal, 'unknown')), abortGraceMs);
      withdraw = () => timer.cancel();
    });
  });
  try {
    return await Promise.race([sent, abandoned]);
  } finally {
    withdraw();
  }
}
