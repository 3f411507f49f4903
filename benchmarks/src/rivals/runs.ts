import type { Handle } from './library.ts';

/** Watches a handler's runs. */
export class Runs {
  readonly #running = new Map<string, number>();
  readonly #waiting: { readonly isSo: () => boolean; readonly tell: () => void }[] = [];
  #begun = 0;
  #ended = 0;
  #mostOfOne = 0;

  /** Runs that have begun. */
  get begun(): number {
    return this.#begun;
  }

  /** Runs that have ended, failed ones too. */
  get ended(): number {
    return this.#ended;
  }

  /** The most runs of one message at the same time. */
  get mostOfOne(): number {
    return this.#mostOfOne;
  }

  /** The handler, watched. */
  of(handle: Handle): Handle {
    return async (message) => {
      const { id } = message;
      const running = (this.#running.get(id) ?? 0) + 1;
      this.#running.set(id, running);
      this.#mostOfOne = Math.max(this.#mostOfOne, running);
      this.#begun++;
      this.#tell();
      try {
        await handle(message);
      } finally {
        this.#running.set(id, (this.#running.get(id) ?? 0) - 1);
        this.#ended++;
        this.#tell();
      }
    };
  }

  untilBegun(count: number): Promise<void> {
    return this.#until(() => this.#begun >= count);
  }

  untilEnded(count: number): Promise<void> {
    return this.#until(() => this.#ended >= count);
  }

  #until(isSo: () => boolean): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting.push({ isSo, tell: resolve });
      this.#tell();
    });
  }

  #tell(): void {
    for (const { isSo, tell } of this.#waiting) {
      if (isSo()) {
        tell();
      }
    }
  }
}
