/**
 * What each signal would end. One listener a signal, however many messages share it: from the eleventh Node warns of a
 * leak, and removing one of n takes O(n).
 */
export class SignalGroups<E> {
  readonly #groups = new Map<AbortSignal, Group<E>>();
  readonly #onAbort: (element: E, signal: AbortSignal) => void;

  constructor(onAbort: (element: E, signal: AbortSignal) => void) {
    this.#onAbort = onAbort;
  }

  add(signal: AbortSignal, element: E): void {
    let group = this.#groups.get(signal);
    if (group === undefined) {
      const elements = new Set<E>();
      const listener = (): void => this.#abort(signal, elements);
      group = { elements, listener };
      this.#groups.set(signal, group);
      signal.addEventListener('abort', listener, { once: true });
    }
    group.elements.add(element);
  }

  delete(signal: AbortSignal, element: E): void {
    const group = this.#groups.get(signal);
    if (group?.elements.delete(element) === true && group.elements.size === 0) {
      this.#groups.delete(signal);
      signal.removeEventListener('abort', group.listener);
    }
  }

  /** Newest first, so that none moves up into the place of another and leaves before its own turn to be ended. */
  #abort(signal: AbortSignal, elements: ReadonlySet<E>): void {
    for (const element of [...elements].toReversed()) {
      this.#onAbort(element, signal);
    }
  }
}

interface Group<E> {
  readonly elements: Set<E>;
  readonly listener: () => void;
}
