import { type CallOptions, payloadBytes, type Queue } from '@sqskit/core';
import type { Moment } from '../moments.ts';
import type { Contents } from './contents.ts';
import type {
  Delivery,
  History,
  Instance,
  ReceiveCall,
  SendCall,
  SettleCall,
  SettleEntry,
} from './history.ts';

/** The queue as a consumer is given it: every call goes into the history. */
export function watchedQueue(queue: Queue, { history, by, contentsOf }: Watch): Queue {
  const { receives, settles } = history;

  async function settle(
    entries: readonly SettleEntry[],
    signal: AbortSignal | undefined,
    outcomes: ReturnType<Queue['deleteBatch']>,
  ): ReturnType<Queue['deleteBatch']> {
    const call: SettleCall = {
      by,
      queueUrl: queue.url,
      began: history.now(),
      entries,
      ended: undefined,
      outcomes: undefined,
    };
    settles.push(call);
    return heard(call, signal, outcomes, history);
  }

  async function receive(...[request, options]: Parameters<Queue['receive']>): ReturnType<Queue['receive']> {
    by.asked += request.maxMessages;
    const call: ReceiveCall = {
      by,
      stretch: by.stretch,
      queueUrl: queue.url,
      began: history.now(),
      ended: undefined,
      asked: request.maxMessages,
      isOpen: by.isOpen,
      isTooMuch: by.choice.admits && by.asked > by.admitted,
      isAborted: false,
      isFailed: false,
      deliveries: [],
    };
    receives.push(call);
    const onAbort = (): void => {
      call.ended = history.now();
      call.isAborted = true;
    };
    options?.signal?.addEventListener('abort', onAbort);
    try {
      const messages = await queue.receive(request, options);
      if (!call.isAborted) {
        const at = history.now();
        call.ended = at;
        call.deliveries = messages.map((message): Delivery => {
          const { messageId, receiptHandle, receiveCount } = message;
          const contents = contentsOf(message);
          return {
            by,
            asked: call.began,
            at,
            queueUrl: queue.url,
            handle: receiptHandle,
            bytes: payloadBytes(message),
            visibilityTimeoutMs: request.visibilityTimeoutMs ?? by.choice.visibilityTimeoutMs,
            messageId,
            receiveCount,
            contents,
          };
        });
      }
      return messages;
    } catch (error) {
      call.ended ??= history.now();
      call.isFailed = true;
      throw error;
    } finally {
      options?.signal?.removeEventListener('abort', onAbort);
    }
  }

  return {
    url: queue.url,
    receive,
    deleteBatch: (handles, options) =>
      settle(
        handles.map((handle) => ({ handle, visibilityTimeoutMs: undefined })),
        options?.signal,
        queue.deleteBatch(handles, options),
      ),
    changeVisibilityBatch: (changes, options) =>
      settle(
        changes.map(({ receiptHandle, visibilityTimeoutMs }) => ({
          handle: receiptHandle,
          visibilityTimeoutMs,
        })),
        options?.signal,
        queue.changeVisibilityBatch(changes, options),
      ),
    sendBatch: watchedSends(queue, 'queue', { history, by, contentsOf }),
    describe: (options?: CallOptions) => queue.describe(options),
    depth: (options?: CallOptions) => queue.depth(options),
  };
}

export interface Watch {
  readonly history: History;
  readonly by: Instance;
  readonly contentsOf: (payload: { readonly body: string }) => Contents;
}

/** `sendBatch` of a queue, noted. */
export function watchedSends(
  queue: Queue,
  to: SendCall['to'],
  { history, by, contentsOf }: Watch,
): Queue['sendBatch'] {
  return async (entries, options) => {
    const call: SendCall = {
      by,
      queueUrl: queue.url,
      to,
      began: history.now(),
      contents: entries.map(contentsOf),
      ended: undefined,
      outcomes: undefined,
    };
    history.sends.push(call);
    return heard(call, options?.signal, queue.sendBatch(entries, options), history);
  };
}

/** Notes the answer, unless its caller has given up before it came. */
async function heard<O>(
  call: { ended: Moment | undefined; outcomes: O | undefined },
  signal: AbortSignal | undefined,
  answer: Promise<O>,
  history: History,
): Promise<O> {
  const onAbort = (): void => {
    call.ended ??= history.now();
  };
  signal?.addEventListener('abort', onAbort, { once: true });
  const outcomes = await answer;
  if (call.ended === undefined) {
    call.ended = history.now();
    call.outcomes = outcomes;
  }
  signal?.removeEventListener('abort', onAbort);
  return outcomes;
}
