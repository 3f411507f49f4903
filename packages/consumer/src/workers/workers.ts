import { existsSync } from 'node:fs';
import { isAbsolute } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { MessageChannel, type TransferListItem } from 'node:worker_threads';
import { type HandlerContext, type IncomingMessage, QueueError, type Verdict } from '@sqskit/core';
import { invalidOption, resolveOptions } from '@sqskit/core/options';
import { Piscina } from 'piscina';
import { carryError, reviveError } from './carried-error.ts';
import { reviveVerdict } from './carried-verdict.ts';
import { heapMebibytes, tell, type WorkersOptions, workersRules } from './options.ts';
import { withOwnBytes } from './own-bytes.ts';
import type { Reply, Task } from './task.ts';

/** A handler whose work is done on threads. */
export interface WorkersHandler<T> {
  /** Rejects with what the handler on the thread threw, or `thread-ended`. */
  (message: IncomingMessage<T>, context: HandlerContext): Promise<Verdict | undefined>;
  /** How many messages run at a time: `max` times `maxPerThread`. */
  readonly maxConcurrency: number;
  /** Waits for handlers that run, for up to `closeTimeoutMs`, and ends the threads. To be called after the consumer's `stop`. */
  close(): Promise<void>;
  /** `close()` */
  [Symbol.asyncDispose](): Promise<void>;
}

/**
 * A handler that runs the one in `file` on worker threads: for what burns CPU. Starts them at once; while they have
 * nothing to do they do not keep the process alive. Throws `option-invalid`.
 */
export function workers<T>(options: WorkersOptions): WorkersHandler<T> {
  const { file, ...others }: Partial<WorkersOptions> = options ?? {}; // JavaScript may give none
  const url = moduleUrl(file);
  const settings = resolveOptions('workers', workersRules, others);
  const { max, maxPerThread, maxHeapBytes, closeTimeoutMs, onError } = settings;
  const pool = new Piscina<Task, Reply>({
    filename: fileURLToPath(threadUrl),
    name: 'run',
    minThreads: max,
    maxThreads: max,
    concurrentTasksPerWorker: maxPerThread,
    closeTimeout: closeTimeoutMs,
    // Or a thread would sleep between two messages, and what its modules keep alive (connections, timers) with it.
    atomics: 'disabled',
    ...(maxHeapBytes === undefined
      ? {}
      : { resourceLimits: { maxOldGenerationSizeMb: heapMebibytes(maxHeapBytes) } }),
  });
  pool.on('error', (error) => tell(onError, error));
  let closing: Promise<void> | undefined;
  const close = (): Promise<void> => {
    closing ??= pool.close();
    return closing;
  };
  const handle = async (
    message: IncomingMessage<T>,
    { signal }: HandlerContext,
  ): Promise<Verdict | undefined> => {
    if (closing !== undefined) {
      throw new QueueError('closed', 'the worker threads are closed', { what: 'workers' });
    }
    const reply = await runOn(pool, url, message, signal);
    if ('thrown' in reply) {
      throw reply.thrown === 'aborted' ? signal.reason : reviveError(reply.thrown);
    }
    return reviveVerdict(reply.verdict);
  };
  const maxConcurrency = max * maxPerThread;
  return Object.assign(handle, { maxConcurrency, close, [Symbol.asyncDispose]: close });
}

/** Beside this file, with its own ending: of the source where it is run from there. */
const threadUrl = new URL(import.meta.url.replace(/^.*\/workers\./, './thread.'), import.meta.url);

async function runOn<T>(
  pool: Piscina<Task, Reply>,
  file: string,
  message: IncomingMessage<T>,
  signal: AbortSignal,
): Promise<Reply> {
  const { port1, port2 } = new MessageChannel();
  const abort = (): void => port1.postMessage(carryError(signal.reason));
  if (signal.aborted) {
    abort();
  } else {
    signal.addEventListener('abort', abort, { once: true });
  }
  const transferList: TransferListItem[] = [port2];
  try {
    const task: Task = { file, message: withOwnBytes(message, transferList), aborts: port2 };
    return await pool.run(task, { transferList });
  } catch (cause) {
    // The body holds something, such as a function, that cannot go to another thread.
    if (cause instanceof Error && cause.name === 'DataCloneError') {
      throw cause;
    }
    const ended = 'the worker thread ended before the handler did';
    throw new QueueError('thread-ended', ended, { file }, { cause, retryable: true, outcome: 'unknown' });
  } finally {
    signal.removeEventListener('abort', abort);
    port1.close();
  }
}

function moduleUrl(file: unknown): string {
  const url = toUrl(file);
  if (url?.protocol !== 'file:' || !existsSync(url)) {
    throw invalidOption(
      'workers',
      'file',
      file,
      "an existing file's URL (new URL('./name.js', import.meta.url)) or absolute path",
    );
  }
  return url.href;
}

function toUrl(file: unknown): URL | undefined {
  if (file instanceof URL) {
    return file;
  }
  if (typeof file !== 'string') {
    return undefined;
  }
  if (isAbsolute(file)) {
    return pathToFileURL(file);
  }
  return URL.canParse(file) ? new URL(file) : undefined;
}
