import { availableParallelism } from 'node:os';
import { callGuarded } from '@sqskit/core/callbacks';
import type { OptionRules, Resolved } from '@sqskit/core/options';

export interface WorkersOptions {
  /**
   * The module whose `handler` (or else default) export is run: a URL, such as `new URL('./resize.js', import.meta.url)`,
   * or an absolute path. Required.
   */
  readonly file: string | URL;
  /** Threads. Default: one for each core. */
  readonly max?: number | undefined;
  /** Handlers at a time on one thread. Default: 1. More only for handlers that also wait for something. */
  readonly maxPerThread?: number | undefined;
  /** Most that a thread's heap may grow to; one that needs more ends, and its message fails. Default: Node's. */
  readonly maxHeapBytes?: number | undefined;
  /** How long `close` waits for handlers that run, before it ends their threads. Default: 30,000 ms. */
  readonly closeTimeoutMs?: number | undefined;
  /** Told when a thread ends that has no message. What it throws, or rejects with, is caught. Default: nobody. */
  readonly onError?: ((error: unknown) => void) | undefined;
}

type OptionalWorkersOptions = Omit<WorkersOptions, 'file'>;

export type ResolvedWorkersOptions = Resolved<OptionalWorkersOptions, 'maxHeapBytes'>;

const mebibyte = 1_048_576;

export const workersRules: OptionRules<OptionalWorkersOptions, 'maxHeapBytes'> = {
  max: {
    kind: 'number',
    default: availableParallelism(),
    shown: 'one for each core',
    min: 1,
    max: 1_024,
    doc: 'Threads.',
  },
  maxPerThread: {
    kind: 'number',
    default: 1,
    min: 1,
    max: 1_000,
    doc: 'Handlers at a time on one thread. More only for handlers that also wait for something.',
  },
  maxHeapBytes: {
    kind: 'number',
    min: 8 * mebibyte,
    max: 1_024 * 1_024 * mebibyte,
    unit: 'bytes',
    doc: "Most that a thread's heap may grow to; one that needs more ends, and its message fails. Unset: Node's own limit.",
  },
  closeTimeoutMs: {
    kind: 'number',
    default: 30_000,
    min: 0,
    max: 43_200_000,
    unit: 'ms',
    doc: 'How long `close` waits for handlers that run, before it ends their threads.',
  },
  onError: {
    kind: 'function',
    default: () => undefined,
    shown: 'nobody',
    doc: '`(error)`: told when a thread ends that has no message. What it throws, or rejects with, is caught.',
  },
};

/** Whole mebibytes, as Node takes it. */
export function heapMebibytes(bytes: number): number {
  return Math.ceil(bytes / mebibyte);
}

/** Tells the user's callback, whose failure goes no further. */
export function tell(onError: ResolvedWorkersOptions['onError'], error: unknown): void {
  callGuarded(
    () => onError(error),
    () => undefined,
  );
}
