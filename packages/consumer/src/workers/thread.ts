// What runs on each thread.
import { type MessagePort, receiveMessageOnPort } from 'node:worker_threads';
import { type Handler, type HandlerContext, QueueError } from '@sqskit/core';
import { type Carried, carryError, reviveError } from './carried-error.ts';
import { carryVerdict } from './carried-verdict.ts';
import type { Reply, Task } from './task.ts';

/** Never rejects, and never replies what cannot be cloned: that would end the thread. */
export async function run({ file, message, aborts }: Task): Promise<Reply> {
  const context = new ThreadContext(aborts);
  try {
    const handler = await handlerOf(file);
    return { verdict: carryVerdict(await handler(message, context)) };
  } catch (error) {
    const { aborted, reason } = context.signal;
    return { thrown: aborted && error === reason ? 'aborted' : carryError(error) };
  } finally {
    aborts.close();
  }
}

/** Node loads a module once. */
async function handlerOf(file: string): Promise<Handler<unknown>> {
  const module: { readonly handler?: unknown; readonly default?: unknown } = await import(file);
  const handler = module.handler ?? module.default;
  if (!isHandler(handler)) {
    const expected = 'a module with a `handler`, or a default, export that is a function';
    const details = { option: 'file', received: file, expected };
    throw new QueueError(
      'option-invalid',
      `workers: expected \`file\` to be ${expected}, received ${file}`,
      details,
    );
  }
  return handler;
}

function isHandler(value: unknown): value is Handler<unknown> {
  return typeof value === 'function';
}

class ThreadContext implements HandlerContext {
  readonly #aborts: MessagePort;
  readonly #controller = new AbortController();

  constructor(aborts: MessagePort) {
    this.#aborts = aborts;
    aborts.on('message', (reason: Carried) => this.#abort(reason));
  }

  /** Looks for an abort by itself, so that a handler that blocks its thread can see one too. */
  get signal(): AbortSignal {
    const received: { readonly message: Carried } | undefined = receiveMessageOnPort(this.#aborts);
    if (received !== undefined) {
      this.#abort(received.message);
    }
    return this.#controller.signal;
  }

  #abort(reason: Carried): void {
    this.#controller.abort(reviveError(reason));
  }
}
