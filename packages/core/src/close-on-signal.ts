import { assertKnownOptions, invalidOption } from './options.ts';

/** The part of Node's `process` that is needed. */
export interface SignalSource {
  readonly pid: number;
  once(signal: string, listener: () => void): unknown;
  off(signal: string, listener: () => void): unknown;
  kill(pid: number, signal: string): unknown;
}

export interface CloseOnSignalOptions {
  /** Default: SIGTERM, which orchestrators send, and SIGINT, which is Ctrl-C. */
  readonly signals?: readonly string[] | undefined;
  /** Default: the process itself. */
  readonly process?: SignalSource | undefined;
  /** Told what `close` rejected with. Default: nobody is. */
  readonly onError?: ((error: unknown) => void) | undefined;
}

/**
 * Calls `close` at the first signal, and once it has settled ends the process by that signal, as if nothing had caught
 * it. A second signal meanwhile ends the process at once. Returns what takes the listeners off again. Throws
 * `option-invalid`.
 */
export function closeOnSignal(close: () => Promise<unknown>, options: CloseOnSignalOptions = {}): () => void {
  assertKnownOptions('closeOnSignal', ['signals', 'process', 'onError'], options);
  if (typeof close !== 'function') {
    throw invalidOption('closeOnSignal', 'close', close, 'a function, such as () => consumer.stop()'); // not at the signal
  }
  const { signals = ['SIGTERM', 'SIGINT'], onError } = options;
  const { process: own } = globalThis as { readonly process?: SignalSource | undefined };
  const { process: source = own } = options;
  const listeners = new Map(signals.map((signal) => [signal, () => void end(signal)]));
  const off = (): void => {
    for (const [signal, listener] of listeners) {
      source?.off(signal, listener);
    }
  };
  const end = async (signal: string): Promise<void> => {
    off();
    try {
      await close();
    } catch (error) {
      onError?.(error);
    } finally {
      source?.kill(source.pid, signal);
    }
  };
  for (const [signal, listener] of listeners) {
    source?.once(signal, listener);
  }
  return off;
}
