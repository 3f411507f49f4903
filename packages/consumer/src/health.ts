import type { PollHealth } from './poll-pulse.ts';

/** How the polls of one of the consumer's queues fare. */
export interface QueueHealth extends PollHealth {
  readonly queueUrl: string;
}

/** What a liveness probe wants to know: whether a restart would help. */
export interface ConsumerHealth {
  /**
   * False where a queue has been polled in vain for `waitTimeMs` and a minute, or where every slot is held by a handler
   * that goes on although its signal has aborted. A consumer that is paused or stopped is healthy.
   */
  readonly isHealthy: boolean;
  /** Why it is not healthy, in words; empty where it is. */
  readonly reasons: readonly string[];
  readonly state: ConsumerState;
  readonly queues: readonly QueueHealth[];
  /** Since the oldest of the SQS messages that run was started; `undefined` where none runs. */
  readonly oldestRunningMs: number | undefined;
  /** Handlers that go on although their signal has aborted. */
  readonly zombies: number;
}

export type ConsumerState = 'stopped' | 'running' | 'paused' | 'stopping';

export interface Vitals extends Omit<ConsumerHealth, 'isHealthy' | 'reasons'> {
  readonly maxConcurrency: number;
  readonly waitTimeMs: number;
}

/** An outage of SQS for less than this, beyond the wait of a poll, is nothing that a restart would mend. */
const patienceMs = 60_000;

export function judgeHealth({ maxConcurrency, waitTimeMs, ...vitals }: Vitals): ConsumerHealth {
  const reasons = vitals.state === 'running' ? whatIsWrong() : [];
  return { ...vitals, isHealthy: reasons.length === 0, reasons };

  function whatIsWrong(): string[] {
    const found = vitals.queues
      .filter(({ unansweredMs }) => unansweredMs > waitTimeMs + patienceMs)
      .map(({ queueUrl, unansweredMs, lastErrorCode }) => {
        const why = lastErrorCode === undefined ? '' : ` (${lastErrorCode})`;
        return `no poll of ${queueUrl} was answered for ${Math.round(unansweredMs / 1_000)} s${why}`;
      });
    if (vitals.zombies >= maxConcurrency) {
      found.push(
        `all ${maxConcurrency} slots are held by handlers that go on although their signal has aborted`,
      );
    }
    return found;
  }
}
