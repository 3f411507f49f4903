import { isThenable } from '@sqskit/core/callbacks';
import type { Clock, Timer } from '@sqskit/core/clock';
import type { Gate } from './gate.ts';
import type { ReportError } from './report.ts';

/**
 * How many of the `wanted` SQS messages may be received now: a whole number, fractions are cut off. 0, or whatever is no
 * number, for none, and it is asked again after a second. The receive waits for a promise; it should heed the signal,
 * which aborts when the consumer stops.
 */
export type Admit = (wanted: number, context: { readonly signal: AbortSignal }) => number | Promise<number>;

export interface AdmissionOptions {
  readonly admit: Admit;
  readonly clock: Clock;
  readonly report: ReportError;
  /** Told when it may be asked again. */
  readonly onOpen: () => void;
}

/** Asks the application before each receive. */
export interface Admission extends Gate {
  /** Lets nothing through any more, and answers at once what it was asked. */
  close(): void;
}

/** After an answer of none, or of no use. */
const restMs = 1_000;

export function createAdmission({ admit, clock, report, onOpen }: AdmissionOptions): Admission {
  const controller = new AbortController();
  const { signal } = controller;
  let rest: Timer | undefined;
  /** It may resume the consumer, which would ask again while it is being asked. */
  let isCalling = false;

  function takeRest(): void {
    if (rest === undefined && !signal.aborted) {
      const end = (): void => {
        rest = undefined;
        onOpen();
      };
      // A consumer that waits to be let through is at work: it keeps the process alive.
      rest = clock.setTimer(end, restMs, { keepAlive: true });
    }
  }

  function refused(error: unknown): number {
    if (!signal.aborted) {
      report(error, { during: 'admit' });
      takeRest();
    }
    return 0;
  }

  function understood(answer: unknown): number {
    if (typeof answer !== 'number' || Number.isNaN(answer)) {
      return refused(new TypeError(`admit returned ${String(answer)}, not a number`));
    }
    const admitted = Math.floor(answer);
    if (admitted <= 0) {
      takeRest();
    }
    return signal.aborted ? 0 : admitted;
  }

  return {
    admit(wanted) {
      if (rest !== undefined || isCalling || signal.aborted) {
        return 0;
      }
      isCalling = true;
      try {
        const answer: unknown = admit(wanted, { signal });
        return isThenable(answer)
          ? unlessAborted(answer, signal).then(understood, refused)
          : understood(answer);
      } catch (error) {
        return refused(error);
      } finally {
        isCalling = false;
      }
    },
    close() {
      controller.abort();
      rest?.cancel();
    },
  };
}

/** So that a promise that does not heed the signal is not waited for. Leaves no listener: there are as many answers as receives. */
async function unlessAborted(answer: PromiseLike<unknown>, signal: AbortSignal): Promise<unknown> {
  let onAbort = (): void => undefined;
  const aborted = new Promise<number>((resolve) => {
    onAbort = () => resolve(0);
    signal.addEventListener('abort', onAbort);
  });
  try {
    return await Promise.race([answer, aborted]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}
