import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

/** A server in a process of its own, so that its CPU time is not the client's. */
export interface ServerProcess<Ready> extends AsyncDisposable {
  /** What it told as soon as it listened. */
  readonly ready: Ready;
  /** Resolves with the program's answer; one question at a time. Rejects where the process ends instead. */
  ask<Answer extends object>(question: object): Promise<Answer>;
}

/** Runs a program of this directory, with the job as its argument, until it is disposed of. */
export async function forkServer<Ready extends object>(
  program: URL,
  job: object,
): Promise<ServerProcess<Ready>> {
  const path = fileURLToPath(program);
  // Without this process's own flags, such as a test runner's loader.
  const child = fork(path, [JSON.stringify(job)], { execArgv: [] });
  const exited = once(child, 'exit');
  const told = async <T extends object>(): Promise<T> => {
    const [message] = await Promise.race([once(child, 'message'), exited]);
    if (typeof message !== 'object' || message === null) {
      throw new Error(`the process of ${path} ended`);
    }
    return message;
  };
  return {
    ready: await told<Ready>(),
    async ask(question) {
      child.send(question);
      return told();
    },
    async [Symbol.asyncDispose]() {
      if (child.connected) {
        child.disconnect();
      }
      await exited;
    },
  };
}

/** In the server's own process: lives exactly as long as the parent's end of the channel. Gives the job. */
export function jobOfServer<Job>(): Job {
  process.on('SIGINT', () => undefined); // Ctrl-C goes to every process of the terminal: the parent ends this one
  process.on('disconnect', () => process.exit(0));
  return JSON.parse(process.argv[2] ?? '');
}
