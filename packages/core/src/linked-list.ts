/** What an element of a linked list carries: its neighbours. An element is in one such list at a time. */
export interface Linked<N> {
  previous: N | undefined;
  next: N | undefined;
}

/**
 * A doubly linked list whose elements carry the links themselves: nothing is allocated for an element, and one can be
 * taken out of the middle in O(1). Removing an element that is not in this list corrupts it.
 */
export interface LinkedList<N extends Linked<N>> {
  readonly size: number;
  readonly first: N | undefined;
  pushBack(element: N): void;
  pushFront(element: N): void;
  remove(element: N): void;
  /** From first to last. The element just given may be removed meanwhile; no other. */
  [Symbol.iterator](): IterableIterator<N>;
}

class IntrusiveList<N extends Linked<N>> implements LinkedList<N> {
  #first: N | undefined;
  #last: N | undefined;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  get first(): N | undefined {
    return this.#first;
  }

  pushBack(element: N): void {
    element.previous = this.#last;
    if (this.#last === undefined) {
      this.#first = element;
    } else {
      this.#last.next = element;
    }
    this.#last = element;
    this.#size++;
  }

  pushFront(element: N): void {
    element.next = this.#first;
    if (this.#first === undefined) {
      this.#last = element;
    } else {
      this.#first.previous = element;
    }
    this.#first = element;
    this.#size++;
  }

  remove(element: N): void {
    const { previous, next } = element;
    if (previous === undefined) {
      this.#first = next;
    } else {
      previous.next = next;
    }
    if (next === undefined) {
      this.#last = previous;
    } else {
      next.previous = previous;
    }
    element.previous = undefined;
    element.next = undefined;
    this.#size--;
  }

  *[Symbol.iterator](): IterableIterator<N> {
    let element = this.#first;
    while (element !== undefined) {
      const { next } = element;
      yield element;
      element = next;
    }
  }
}

export function createLinkedList<N extends Linked<N>>(): LinkedList<N> {
  return new IntrusiveList<N>();
}
