// The AWS SDK's request handler interface, written out: no SDK type may appear in a public signature, because a user's
// version of the SDK decides what those types are. Source: HttpHandler in @smithy/types, 2.10 (SDK 3.521) to 4.20.

/** A request as the SDK hands it to its handler: signed and serialised. */
export interface HandlerRequest {
  readonly method: string;
  readonly protocol: string;
  readonly hostname: string;
  readonly port?: number | undefined;
  readonly path: string;
  readonly query?: Readonly<Record<string, string | readonly string[] | null>> | undefined;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: unknown;
}

/** An answer as the SDK takes it from its handler. */
export interface HandlerResponse {
  readonly statusCode: number;
  readonly reason?: string | undefined;
  readonly headers: Record<string, string>;
  readonly body?: unknown;
}

/** What the SDK calls an abort signal: the platform's own, or the old one of its `@aws-sdk/abort-controller`. */
export interface HandlerAbortSignal {
  readonly aborted: boolean;
  readonly reason?: unknown;
  onabort: unknown;
  addEventListener?(type: 'abort', listener: () => void, options?: { readonly once?: boolean }): void;
}

/** The SDK's options of one call. */
export interface HandlerCallOptions {
  readonly abortSignal?: HandlerAbortSignal;
  /** Milliseconds; takes the place of the handler's `requestTimeoutMs` for this call. 0: none. */
  readonly requestTimeout?: number;
}
