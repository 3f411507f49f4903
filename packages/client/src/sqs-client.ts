/**
 * What `createSqsQueue` needs of a client. `SQSClient` of any version of `@aws-sdk/client-sqs` from 3.521 is one, and so
 * is what `createPooledClient` returns.
 */
export interface SqsClient {
  readonly config: SqsClientConfig;
  /** `never` because the commands' types differ between versions of the SDK: pass a client of the installed one. */
  send(command: never, options?: { readonly abortSignal?: AbortSignal }): Promise<unknown>;
}

export interface SqsClientConfig {
  readonly region: () => Promise<string>;
  readonly maxAttempts: () => Promise<number>;
  /** Set if the client was given an endpoint of its own: an emulator's, or a VPC endpoint's. */
  readonly endpoint?: unknown;
  /** What carries the requests; asked how many connections it has. */
  readonly requestHandler?: unknown;
}

/** The part of an SDK command that tells what it results in. Commands of any version of the SDK have it. */
export interface SqsCommand<Output> {
  readonly input: object;
  resolveMiddleware(...args: never[]): (...args: never[]) => Promise<{ readonly output: Output }>;
}

/** Credentials, as the SDK names them. */
export interface Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
  readonly expiration?: Date;
}
