import type { Target } from '../server/start-load-server.ts';

/** What an application does with a message: throwing means that it has failed. */
export type Handle = (message: { readonly id: string; readonly body: unknown }) => Promise<void>;

/** What a trial asks for, which each library is told in its own way. What is not asked for is as it comes. */
export interface Settings {
  /** Most handlers at a time, or as many as it can. */
  readonly slots?: number;
  /** Longest long poll. */
  readonly waitS?: number;
  /** Visibility timeout of what is received, renewed at half time while the handler runs. */
  readonly leaseS?: number;
  readonly handlerTimeoutMs?: number;
  /** How long a message whose handler failed is to be invisible. */
  readonly retryDelayS?: number;
  /** The handler as an application may write it, without what tells the library that all is well. */
  readonly returnsNothing?: boolean;
  /** Nobody listens to its errors. */
  readonly isUnheard?: boolean;
}

/** A consumer of a library's that is not started yet. */
export interface Subject {
  start(): void;
  /** Resolves when it says that it has stopped. */
  stop(): Promise<void>;
  /** In the way that waits for no long poll, if it has one. */
  stopSoon(): Promise<void>;
}

/** A library that is tried. */
export interface Library {
  readonly name: string;
  /** How the trials use it, for the report. */
  readonly how: string;
  /** Settings that it has nothing for: trials of those are not applicable. */
  readonly lacks: readonly (keyof Settings)[];
  /** Imports it and no other. */
  readonly open: (target: Target, handle: Handle, settings: Settings) => Promise<Subject>;
}
