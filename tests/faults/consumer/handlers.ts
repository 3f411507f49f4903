import { type Handler, type IncomingMessage, QueueError } from '@sqskit/core';
import { type Clock, sleep } from '@sqskit/core/clock';
import type { Random } from '@sqskit/core/retry';
import { type Conduct, comeTo, drawCalmConduct, drawConduct } from './conduct.ts';
import type { HandlerRun, History, Instance } from './history.ts';

export interface HandlerOptions {
  readonly history: History;
  readonly by: Instance;
  /** Of the process; not the one whose timers are counted as the consumer's. */
  readonly clock: Clock;
  readonly random: Random;
  /** Whether some take more than twelve hours. */
  readonly isMarathon: boolean;
  /** Whether everything succeeds from now on, and soon. */
  readonly isCalm: () => boolean;
  /** Told of every start. */
  readonly onStart: () => void;
}

/** A handler whose every start goes into the history, and that does what is drawn for it. */
export function createHandler(options: HandlerOptions): Handler<string> {
  const { history, by, clock, random, isMarathon, isCalm, onStart } = options;
  const { visibilityTimeoutMs } = by.choice;
  const live = new Set<HandlerRun>();

  function begin(message: IncomingMessage<string>, signal: AbortSignal): HandlerRun {
    const { body: name, messageId, queueUrl, groupId, receiveCount } = message;
    const { stretch } = by;
    const others = [...live].filter((run) => run.stretch === stretch);
    const run: HandlerRun = {
      by,
      stretch,
      name,
      messageId,
      queueUrl,
      groupId,
      receiveCount,
      began: history.now(),
      running: others.length + 1,
      runningOfGroup:
        others.filter((other) => other.queueUrl === queueUrl && other.groupId === groupId).length + 1,
      slots: by.slots,
      ended: undefined,
      result: undefined,
      isExplicit: false,
      delayMs: undefined,
      aborted: undefined,
    };
    const onAbort = (): void => {
      run.aborted = { at: history.now(), code: codeOf(signal.reason) };
    };
    if (signal.aborted) {
      onAbort();
    }
    signal.addEventListener('abort', onAbort, { once: true });
    live.add(run);
    history.runs.push(run);
    onStart();
    return run;
  }

  function end(run: HandlerRun, conduct: Conduct): unknown {
    live.delete(run);
    run.ended = history.now();
    run.result = conduct.result;
    run.isExplicit = conduct.isExplicit;
    run.delayMs = conduct.delayMs;
    return comeTo(conduct);
  }

  async function wait(run: HandlerRun, signal: AbortSignal, ms: number, conduct: Conduct): Promise<unknown> {
    try {
      await sleep(clock, ms, conduct.isHeedful ? { signal } : {});
    } catch {
      return end(run, { ...conduct, result: 'throw' });
    }
    return end(run, isCalm() ? { ...conduct, result: 'ack' } : conduct);
  }

  return (message, { signal }) => {
    const run = begin(message, signal);
    const conduct = isCalm()
      ? drawCalmConduct(random)
      : drawConduct(random, { visibilityTimeoutMs, isMarathon });
    const { takesMs } = conduct;
    return takesMs === undefined ? end(run, conduct) : wait(run, signal, takesMs, conduct);
  };
}

function codeOf(reason: unknown): string {
  return reason instanceof QueueError ? reason.code : String(reason);
}
