import { deadLetter, type Handler, type IncomingMessage, QueueError, release, retry } from '@sqskit/core';
import { type Clock, sleep } from '@sqskit/core/clock';
import type { Random } from '@sqskit/core/retry';
import type { HandlerRun, History, Instance, Result } from './history.ts';
import { type ConsumerChoice, type Scenario, statedConduct } from './scenario.ts';

export interface HandlerOptions {
  readonly history: History;
  readonly by: Instance;
  /** Of the process; not the one whose timers are counted as the consumer's. */
  readonly clock: Clock;
  readonly random: Random;
  readonly scenario: Scenario;
  /** Whether everything succeeds from now on, and soon. */
  readonly isCalm: () => boolean;
  /** Told of every start. */
  readonly onStart: () => void;
}

const hourMs = 3_600_000;

/** A handler whose every start goes into the history, and that does what is drawn for it. */
export function createHandler(options: HandlerOptions): Handler<string> {
  const { history, by, clock, random, scenario, isCalm, onStart } = options;
  const live = new Set<HandlerRun>();

  function begin(message: IncomingMessage<string>, signal: AbortSignal): HandlerRun {
    const { body: name, messageId, groupId, receiveCount } = message;
    const { stretch } = by;
    const others = [...live].filter((run) => run.stretch === stretch);
    const run: HandlerRun = {
      by,
      stretch,
      name,
      messageId,
      groupId,
      receiveCount,
      began: history.now(),
      running: others.length + 1,
      runningOfGroup: others.filter((other) => other.groupId === groupId).length + 1,
      ended: undefined,
      result: undefined,
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

  function end(run: HandlerRun, result: Result): unknown {
    live.delete(run);
    run.ended = history.now();
    run.result = result;
    switch (result) {
      case 'ack':
        return undefined;
      case 'throw':
        throw new Error('a failure of the scenario');
      case 'retry':
        run.delayMs = random() < 0.5 ? undefined : 500 + random() * 5_000;
        return retry({ delayMs: run.delayMs });
      case 'release':
        return release();
      case 'dead-letter':
        return deadLetter('a verdict of the scenario');
    }
  }

  async function wait(run: HandlerRun, signal: AbortSignal, ms: number): Promise<unknown> {
    const isHeedful = random() < statedConduct.heedful;
    try {
      await sleep(clock, ms, isHeedful ? { signal } : {});
    } catch {
      return end(run, 'throw');
    }
    return end(run, isCalm() ? 'ack' : drawResult(random));
  }

  return (message, { signal }) => {
    const run = begin(message, signal);
    if (random() < statedConduct.atOnce) {
      return end(run, isCalm() ? 'ack' : drawResult(random));
    }
    return wait(run, signal, isCalm() ? random() * 50 : drawTime(random, scenario, by.choice));
  };
}

function drawResult(random: Random): Result {
  const drawn = random();
  const { throws, retries, releases, deadLetters } = statedConduct;
  let upTo = 0;
  const shares: readonly (readonly [Result, number])[] = [
    ['throw', throws],
    ['retry', retries],
    ['release', releases],
    ['dead-letter', deadLetters],
  ];
  for (const [result, share] of shares) {
    upTo += share;
    if (drawn < upTo) {
      return result;
    }
  }
  return 'ack';
}

function drawTime(random: Random, { isMarathon }: Scenario, { visibilityTimeoutMs }: ConsumerChoice): number {
  if (isMarathon && random() < 0.1) {
    return (11.9 + random()) * hourMs;
  }
  return random() < statedConduct.slow
    ? Math.min(visibilityTimeoutMs, 10_000) * (1 + 2 * random())
    : random() * 200;
}

function codeOf(reason: unknown): string {
  return reason instanceof QueueError ? reason.code : String(reason);
}
