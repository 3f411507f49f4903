import type { Target } from '../server/start-load-server.ts';

/** What is sent: a value that each contender turns into JSON text itself. */
export type Body = Readonly<Record<string, unknown>>;

/** A contender that is connected to a queue. */
export interface Sending extends AsyncDisposable {
  /** Resolves when the queue has accepted every one; rejects where one was not. */
  send(bodies: readonly Body[]): Promise<void>;
}

/** A way to send many messages, ours or another's. */
export interface Contender {
  readonly name: string;
  /** How it is configured and used, and why so: a sentence or two for the report. */
  readonly how: string;
  /** Imports what it needs and no other contender, so that one's code is not in another's memory. */
  readonly open: (target: Target) => Promise<Sending>;
}

/** Where every client believes to be, and who: nothing checks it, but requests are signed as ever. */
export const clientSettings = {
  region: 'us-east-1',
  credentials: { accessKeyId: 'bench', secretAccessKey: 'bench' },
} as const;

/** The bodies in arrays of so many, the last perhaps shorter. */
export function* slices<T>(values: readonly T[], size: number): Generator<readonly T[]> {
  for (let start = 0; start < values.length; start += size) {
    yield values.slice(start, start + size);
  }
}

/** Rejects a result that tells of failures instead of throwing. */
export function assertNoneFailed(
  failed: readonly { readonly Code?: string | undefined }[] | undefined,
): void {
  if (failed !== undefined && failed.length > 0) {
    throw new Error(`${failed.length} messages were not accepted, the first for ${failed[0]?.Code}`);
  }
}
