import type { Exchange } from './exchange.ts';
import { closedError } from './transport-error.ts';

/** The exchanges of one handler, which may share its connections with others. */
export class ExchangeGroup {
  readonly #open = new Set<Exchange>();
  #onEmpty: (() => void) | undefined;
  #empty: Promise<void> | undefined;

  add(exchange: Exchange): void {
    this.#open.add(exchange);
  }

  delete(exchange: Exchange): void {
    this.#open.delete(exchange);
    if (this.#open.size === 0) {
      this.#onEmpty?.();
    }
  }

  /** Resolves once none is under way or waiting; none is added after. */
  drained(): Promise<void> {
    this.#empty ??= new Promise((resolve) => {
      this.#onEmpty = resolve;
      if (this.#open.size === 0) {
        resolve();
      }
    });
    return this.#empty;
  }

  /** Ends all of them at once. */
  end(): void {
    for (const exchange of this.#open) {
      exchange.fail(closedError);
    }
  }
}
