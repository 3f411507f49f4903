import { sqsLimits } from '@sqskit/core';
import { escapeUri } from './escape-uri.ts';
import type { HandlerRequest } from './sdk-handler.ts';

/** `https://sqs.eu-west-1.amazonaws.com`, with the port if there is one. */
export function originOf({ protocol, hostname, port }: HandlerRequest): string {
  return `${protocol}//${hostname}${port === undefined ? '' : `:${port}`}`;
}

/** Path and query string, escaped as the SDK's signer escaped them. */
export function pathOf({ path, query }: HandlerRequest): string {
  const parts: string[] = [];
  for (const [name, value] of Object.entries(query ?? {})) {
    const key = escapeUri(name);
    for (const one of Array.isArray(value) ? value : [value]) {
      parts.push(typeof one === 'string' ? `${key}=${escapeUri(one)}` : key);
    }
  }
  return parts.length === 0 ? path : `${path}?${parts.join('&')}`;
}

/** `SendMessageBatch` of `AmazonSQS.SendMessageBatch`; the method for services that name no action in a header. */
export function operationOf({ headers, method }: HandlerRequest): string {
  const target = headers['x-amz-target'];
  return target === undefined ? method : target.slice(target.indexOf('.') + 1);
}

/**
 * How long a request may be left unanswered by design: the wait of a long poll. A `ReceiveMessage` that does not say how
 * long it waits takes the queue's own setting, which may be anything up to 20 s.
 */
export function waitTimeMsOf({ headers, body }: HandlerRequest): number {
  if (headers['x-amz-target'] !== 'AmazonSQS.ReceiveMessage') {
    return 0;
  }
  const text = body instanceof Uint8Array ? new TextDecoder().decode(body) : String(body);
  const seconds = /"WaitTimeSeconds"\s*:\s*(\d+)/.exec(text)?.[1];
  return seconds === undefined ? sqsLimits.maxWaitTimeMs : Number(seconds) * 1000;
}
