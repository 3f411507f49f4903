import { onTestFinished } from 'vitest';
import { type FakeSqs, type FakeSqsOptions, startFakeSqs } from '../src/index.ts';

export interface WireReply {
  readonly status: number;
  /** `x-amzn-query-error`. */
  readonly queryError: string | null;
  readonly body: Readonly<Record<string, unknown>>;
}

export interface FakeSqsUnderTest {
  readonly server: FakeSqs;
  /** One call of SQS's JSON protocol; rejects where there is no answer. */
  readonly call: (
    action: string,
    input?: object | string,
    options?: { signal?: AbortSignal },
  ) => Promise<WireReply>;
}

/** A server for one test. */
export async function startServer(options: FakeSqsOptions = {}): Promise<FakeSqsUnderTest> {
  const server = await startFakeSqs(options);
  onTestFinished(() => server.close());
  return {
    server,
    async call(action, input = {}, { signal } = {}) {
      const response = await fetch(server.endpoint, {
        method: 'POST',
        headers: { 'content-type': 'application/x-amz-json-1.0', 'x-amz-target': `AmazonSQS.${action}` },
        body: typeof input === 'string' ? input : JSON.stringify(input),
        ...(signal && { signal }),
      });
      return {
        status: response.status,
        queryError: response.headers.get('x-amzn-query-error'),
        body: JSON.parse(await response.text()),
      };
    },
  };
}
