import type { CallOptions } from '@sqskit/core';
import { untilAborted } from './abort-listener.ts';
import { responseInvalid } from './call-failure.ts';

/** Which queue of the name is meant. */
export interface QueueUrlOptions extends CallOptions {
  /** Twelve digits: the account that owns the queue. Default: the one that the credentials belong to. */
  readonly accountId?: string | undefined;
}

/** Asks SQS `GetQueueUrl`. */
export type AskQueueUrl = (input: {
  readonly QueueName: string;
  readonly QueueOwnerAWSAccountId?: string;
}) => Promise<unknown>;

/**
 * The URLs of queues by their names, for each client: asked for once, however many want to know, and kept, since a name's
 * URL never changes. A failure is not kept.
 */
export class QueueUrlCache<C extends object> {
  readonly #urlsOf = new WeakMap<C, Map<string, Promise<string>>>();

  /** Rejects with a `QueueError`. An abort ends one caller's wait, not the question of the others. */
  get(
    client: C,
    queueName: string,
    { accountId, signal }: QueueUrlOptions,
    ask: AskQueueUrl,
  ): Promise<string> {
    let urls = this.#urlsOf.get(client);
    if (urls === undefined) {
      urls = new Map();
      this.#urlsOf.set(client, urls);
    }
    const known = urls;
    const key = `${accountId ?? ''}/${queueName}`;
    let url = known.get(key);
    if (url === undefined) {
      url = ask({
        QueueName: queueName,
        ...(accountId !== undefined && { QueueOwnerAWSAccountId: accountId }),
      }).then(urlIn);
      known.set(key, url);
      url.catch(() => known.delete(key));
    }
    return untilAborted(url, signal);
  }
}

function urlIn(output: unknown): string {
  const { QueueUrl } = output as { readonly QueueUrl?: unknown };
  if (typeof QueueUrl !== 'string') {
    throw responseInvalid('GetQueueUrl', 'a QueueUrl', 'none');
  }
  return QueueUrl;
}
