import { constants } from 'node:os';

/** Whether someone has asked the run to stop. */
export interface Interruption {
  /** Aborts at the first signal. */
  readonly stop: AbortSignal;
  readonly name: 'SIGINT' | 'SIGTERM' | undefined;
  /** 128 and the signal's number, as shells have it. 0 without one. */
  readonly exitCode: number;
}

/** Package managers pass a Ctrl-C on to a program that the terminal has sent it to already. */
const echoMs = 1_000;

/** From now on, SIGINT and SIGTERM bring the run to a clean stop; a second one ends the process at once. */
export function watchForInterruption(onFirst: () => void): Interruption {
  const controller = new AbortController();
  let name: Interruption['name'];
  let interruptedAt = 0;
  const exitCode = (): number => (name === undefined ? 0 : 128 + constants.signals[name]);
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      if (name === undefined) {
        name = signal;
        interruptedAt = performance.now();
        controller.abort();
        onFirst();
      } else if (performance.now() - interruptedAt > echoMs) {
        process.stderr.write('\nstopped at once: messages may be left in the queue\n');
        process.exit(exitCode());
      }
    });
  }
  return {
    stop: controller.signal,
    get name() {
      return name;
    },
    get exitCode() {
      return exitCode();
    },
  };
}
