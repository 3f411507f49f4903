import { abortedError } from '@sqskit/core';
import type { HandlerAbortSignal } from './sdk-handler.ts';

type Callback = () => void;

// One listener a signal, however many calls share it: Node 20 warns of a leak from the eleventh, and taking one of n
// listeners away takes O(n).
const callbacksOf = new WeakMap<HandlerAbortSignal, Set<Callback>>();

/** Calls back once when the signal aborts. Returns the function that withdraws the callback. */
export function onAbort(signal: HandlerAbortSignal, callback: Callback): Callback {
  let callbacks = callbacksOf.get(signal);
  if (callbacks === undefined) {
    callbacks = listen(signal);
    callbacksOf.set(signal, callbacks);
  }
  const own = callbacks;
  own.add(callback);
  return () => own.delete(callback);
}

/** What the promise comes to, or a rejection at the abort if that comes first. Nothing has been sent so far. */
export async function untilAborted<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) {
    return promise;
  }
  if (signal.aborted) {
    promise.catch(() => undefined); // nobody waits for it any more
    throw abortedError(signal);
  }
  let withdraw: Callback = () => undefined;
  const aborted = new Promise<never>((_, reject) => {
    withdraw = onAbort(signal, () => reject(abortedError(signal)));
  });
  try {
    return await Promise.race([promise, aborted]);
  } finally {
    withdraw();
  }
}

function listen(signal: HandlerAbortSignal): Set<Callback> {
  const callbacks = new Set<Callback>();
  const runAll = (): void => {
    for (const callback of callbacks) {
      callbacks.delete(callback);
      callback();
    }
  };
  if (signal.addEventListener === undefined) {
    signal.onabort = runAll; // the signal of `@aws-sdk/abort-controller` has nothing else
  } else {
    signal.addEventListener('abort', runAll, { once: true });
  }
  return callbacks;
}
