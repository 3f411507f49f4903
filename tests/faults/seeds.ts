import { Worker } from 'node:worker_threads';
import type { Share } from './seed-worker.ts';
import type { RunResult, Suite } from './suite.ts';

export interface SeedOptions<C> {
  readonly from: number;
  readonly until: number;
  readonly workers: number;
  /** Where the runs are, beside the packages that they are to try. Default: here. */
  readonly folder?: string | undefined;
  /** Ends after the first seed with a violation. Default: false. */
  readonly stopsAtFirst?: boolean | undefined;
  /** Most milliseconds; a run that goes on longer is itself a violation. Default: no bound. */
  readonly withinMs?: number | undefined;
  readonly onResult?: ((result: RunResult<C>) => void) | undefined;
}

export interface SeedReport<C> {
  readonly counts: C;
  /** Runs with violations, by seed. */
  readonly failed: readonly RunResult<C>[];
}

/** Plays all seeds `from` … `until - 1`, spread over worker threads. */
export async function playSeeds<C>(suite: Suite<C>, options: SeedOptions<C>): Promise<SeedReport<C>> {
  const {
    from,
    until,
    workers,
    folder = import.meta.dirname,
    stopsAtFirst = false,
    withinMs,
    onResult,
  } = options;
  let counts = suite.nothingCounted;
  const failed: RunResult<C>[] = [];
  const threads: Worker[] = [];
  const stopped = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));
  const take = (result: RunResult<C>): void => {
    counts = suite.add(counts, result.counts);
    onResult?.(result);
    if (result.violations.length > 0) {
      failed.push(result);
      if (stopsAtFirst) {
        // Asked, not terminated: a thread that is ended while it makes a zstd stream takes the process with it (Node 24).
        Atomics.store(stopped, 0, 1);
      }
    }
  };
  const done = Array.from({ length: workers }, (_, index) => {
    const share: Share = { suite: suite.name, from: from + index, until, step: workers, stopped };
    const thread = new Worker(`${folder}/seed-worker.ts`, { workerData: share });
    threads.push(thread);
    thread.on('message', take);
    return new Promise<void>((resolve, reject) => {
      thread.on('error', reject);
      thread.on('exit', () => resolve());
    });
  });
  const timer =
    withinMs === undefined
      ? undefined
      : setTimeout(() => {
          failed.push({
            seed: Number.NaN,
            violations: [`the runs did not end within ${withinMs} ms`],
            counts,
          });
          for (const thread of threads) {
            void thread.terminate();
          }
        }, withinMs);
  try {
    await Promise.all(done);
  } finally {
    clearTimeout(timer);
  }
  return { counts, failed: failed.sort((a, b) => a.seed - b.seed) };
}

/** What is wrong with a run of this suite, and how to see it again. */
export function describeFailure(
  suiteName: string,
  { seed, violations }: Pick<RunResult<unknown>, 'seed' | 'violations'>,
): string {
  const most = 10;
  const more = violations.length > most ? [`… and ${violations.length - most} more`] : [];
  return [`${suiteName}, seed ${seed}:`, ...violations.slice(0, most), ...more]
    .join('\n  ')
    .concat(`\n  replay: npx -y pnpm@12.21.0 faults ${suiteName} --seed ${seed}`);
}
