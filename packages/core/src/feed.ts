import { isThenable } from './callbacks.ts';
import type { OutgoingMessage } from './message.ts';
import { abortedError, type QueueError, toQueueError } from './queue-error.ts';
import type { Sender } from './sender.ts';

export interface SendFailure<T> {
  /** Position in the input, from 0. */
  readonly index: number;
  readonly message: OutgoingMessage<T>;
  readonly error: QueueError;
}

export interface FeedOptions<T> {
  /** Stops taking messages and ends those under way; once they have settled, it fails with `aborted`. */
  readonly signal?: AbortSignal | undefined;
  /** Milliseconds for each message, from when it is taken. Default: the sender's own. */
  readonly deadlineMs?: number | undefined;
  /** Called after each message that settled. */
  readonly onProgress?: ((progress: { readonly sent: number; readonly failed: number }) => void) | undefined;
  /** Given each failure as it happens. */
  readonly onFailure?: ((failure: SendFailure<T>) => void) | undefined;
}

/**
 * Gives messages to a sender at the pace it allows, and counts what becomes of them. What a callback throws, or an async
 * callback rejects with, stops it, as the signal does.
 */
export class Feed<T> {
  readonly #sender: Sender<T>;
  readonly #options: FeedOptions<T>;
  readonly #onFailure: (failure: SendFailure<T>) => unknown;
  readonly #sendOptions: {
    readonly signal: AbortSignal | undefined;
    readonly deadlineMs: number | undefined;
  };
  readonly #stop = new AbortController();
  #taken = 0;
  #underWay = 0;
  /** Messages taken since the event loop could turn. */
  #inARow = 0;
  /** Pending until the next message settles, where someone waits for that. */
  #settling: Promise<void> | undefined;
  #wake = (): void => undefined;
  sent = 0;
  failed = 0;

  constructor(sender: Sender<T>, options: FeedOptions<T>, onFailure: (failure: SendFailure<T>) => unknown) {
    const { signal, deadlineMs } = options;
    this.#sender = sender;
    this.#options = options;
    this.#onFailure = onFailure;
    this.#sendOptions = { signal, deadlineMs };
    signal?.addEventListener('abort', this.#abort);
    if (signal?.aborted === true) {
      this.#abort();
    }
  }

  /** Aborts when no more is to be taken; the reason is what it fails with. */
  get signal(): AbortSignal {
    return this.#stop.signal;
  }

  stop(reason: unknown): void {
    this.#stop.abort(reason);
  }

  /**
   * Gives one message to the sender: at once where there is room for it, and otherwise when the promise resolves. Throws
   * or rejects with the reason once it is stopped. No other may be given before.
   */
  give(message: OutgoingMessage<T>): Promise<void> | undefined {
    this.#stop.signal.throwIfAborted();
    if (this.#inARow < mostInARow && this.#try(message)) {
      return undefined;
    }
    return this.#giveLater(message);
  }

  /** Resolves when all that was given is settled. */
  async drained(): Promise<void> {
    while (this.#underWay > 0) {
      await this.#oneSettles();
    }
    this.#options.signal?.removeEventListener('abort', this.#abort);
  }

  async #giveLater(message: OutgoingMessage<T>): Promise<void> {
    if (this.#inARow >= mostInARow) {
      await turn();
    }
    this.#inARow = 0;
    this.#stop.signal.throwIfAborted();
    while (!this.#try(message)) {
      if (this.#underWay === 0) {
        // Others fill the buffer: take a place among those who wait.
        this.#follow(this.#sender.send(message, this.#sendOptions), message);
        return;
      }
      await this.#oneSettles();
      this.#stop.signal.throwIfAborted();
    }
  }

  #try(message: OutgoingMessage<T>): boolean {
    const receipt = this.#sender.trySend(message, this.#sendOptions);
    if (receipt === undefined) {
      return false;
    }
    this.#follow(receipt, message);
    return true;
  }

  #follow(receipt: Promise<unknown>, message: OutgoingMessage<T>): void {
    const index = this.#taken++;
    this.#underWay++;
    this.#inARow++;
    receipt.then(this.#succeeded, (reason: unknown) => {
      this.failed++;
      this.#tell(() => this.#onFailure({ index, message, error: toQueueError(reason, 'send') }));
    });
  }

  readonly #succeeded = (): void => {
    this.sent++;
    if (this.#options.onProgress === undefined) {
      this.#settled();
    } else {
      this.#tell(() => undefined);
    }
  };

  /** One after the other at once, in step with the counts; an async one is waited for afterwards. */
  #tell(tellFailure: () => unknown): void {
    const { sent, failed } = this;
    const pending: Promise<unknown>[] = [];
    const note = (result: unknown): void => {
      if (isThenable(result)) {
        pending.push(Promise.resolve(result).catch((reason: unknown) => this.stop(reason)));
      }
    };
    try {
      note(tellFailure());
      note(this.#options.onProgress?.({ sent, failed }));
    } catch (reason) {
      this.stop(reason);
    }
    if (pending.length === 0) {
      this.#settled();
    } else {
      void Promise.all(pending).then(this.#settled);
    }
  }

  readonly #settled = (): void => {
    this.#underWay--;
    if (this.#settling !== undefined) {
      this.#settling = undefined;
      this.#wake();
    }
  };

  #oneSettles(): Promise<void> {
    this.#settling ??= new Promise((resolve) => {
      this.#wake = resolve;
    });
    return this.#settling;
  }

  readonly #abort = (): void => this.stop(abortedError(this.#options.signal ?? {}));
}

// A sender that has room for very many would otherwise keep all else in the process waiting until it has taken them.
const mostInARow = 1_000;

/** Lets everything else have its turn. */
function turn(): Promise<void> {
  const { setImmediate = setTimeout } = globalThis as {
    readonly setImmediate?: ((callback: () => void) => unknown) | undefined;
  };
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}
