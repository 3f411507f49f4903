import { createLinkedList, type LinkedList } from '@sqskit/core/linked-list';
import type { Exchange } from './exchange.ts';
import { closedError } from './transport-error.ts';

/** The exchanges of one handler, which may share its connections with others. */
export class ExchangeGroup {
  /**
   * Not a Set: the tables that a Set outgrows keep what was in them alive until a major collection.
   */
  readonly #open: LinkedList<Exchange> = createLinkedList();
  #onEmpty: (() => void) | undefined;
  #empty: Promise<void> | undefined;

  add(exchange: Exchange): void {
    this.#open.pushBack(exchange);
  }

  delete(exchange: Exchange): void {
    this.#open.remove(exchange);
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
