import { Readable } from 'node:stream';
import { bytesOf, type ExchangeAnswer } from './exchange.ts';
import type { HandlerResponse } from './sdk-handler.ts';

/** An answer in the form that the SDK takes from its handler. */
export function handlerResponse({ statusCode, reason, headers, chunks }: ExchangeAnswer): HandlerResponse {
  const joined: Record<string, string> = {};
  for (const name in headers) {
    const value = headers[name];
    if (value !== undefined) {
      joined[name] = typeof value === 'string' ? value : value.join(', ');
    }
  }
  return { statusCode, reason, headers: joined, body: responseBody(joined, chunks) };
}

/**
 * The body as one `Uint8Array`, which saves the SDK a stream; every version takes it for the JSON protocols. Other
 * answers may be objects that the SDK hands on as a stream (S3), so they are given as one.
 */
function responseBody(headers: Readonly<Record<string, string>>, chunks: readonly Buffer[]): unknown {
  return headers['content-type']?.startsWith('application/x-amz-json') === true
    ? bytesOf(chunks)
    : Readable.from(chunks, { objectMode: false });
}
