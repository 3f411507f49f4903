import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { StopReport } from '@sqskit/consumer';
import type { ConsumerProcessOptions, Told } from './consumer-process.ts';

const program = fileURLToPath(new URL('consumer-process.ts', import.meta.url));

/** A consumer in a process of its own, that polls already. */
export interface ConsumerProcess {
  /** Resolves when it has handled so many messages. */
  hasHandled(count: number): Promise<void>;
  /** Sends it a signal; resolves with what it ended by, and with its report if it could give one. */
  end(signal: NodeJS.Signals): Promise<Ending>;
  /** The bodies of all messages that it has handled. */
  handled(): readonly string[];
}

export interface Ending {
  readonly signal: string | null;
  readonly report: StopReport | undefined;
}

/** Resolves when the process polls. */
export async function startConsumerProcess(options: ConsumerProcessOptions): Promise<ConsumerProcess> {
  // Without this process's own flags, such as a test runner's loader.
  const child: ChildProcess = fork(program, [JSON.stringify(options)], { execArgv: [] });
  const exited = once(child, 'exit');
  const { handledPath } = options;
  let report: StopReport | undefined;
  let handledCount = -1;
  let heard = Promise.withResolvers<void>();
  child.on('message', (told) => {
    const news = told as Told;
    if ('report' in news) {
      ({ report } = news);
    } else {
      handledCount = news.handled;
    }
    heard.resolve();
    heard = Promise.withResolvers();
  });
  const hasHandled = async (count: number): Promise<void> => {
    while (handledCount < count) {
      const ended = await Promise.race([heard.promise, exited]);
      if (Array.isArray(ended)) {
        throw new Error(`the consumer's process ended with ${ended.join(', ')}`);
      }
    }
  };
  await hasHandled(0);
  return {
    hasHandled,
    async end(signal) {
      child.kill(signal);
      const [, by] = await exited;
      return { signal: by, report };
    },
    handled: () =>
      existsSync(handledPath)
        ? readFileSync(handledPath, 'utf8')
            .split('\n')
            .filter((line) => line !== '')
        : [],
  };
}
