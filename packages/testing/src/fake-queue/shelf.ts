import { createDeque, type Deque } from '@sqskit/core/deque';
import type { Random } from '@sqskit/core/retry';
import type { StoredMessage } from './stored-message.ts';

/**
 * The messages of a queue in the order in which it hands them out. Told of every change of a message's state after the
 * change; every operation costs O(1) per message, with what is out of date dropped when it is come across.
 */
export interface Shelf {
  accepted(message: StoredMessage): void;
  /** Delayed until now, or in flight. */
  becameVisible(message: StoredMessage, from: 'delayed' | 'in-flight'): void;
  /** Deleted or moved while in flight. */
  leftFlight(message: StoredMessage): void;
  /** Hands messages to `receive`, at most `max`; `receive` refuses one that it has removed from the queue instead. */
  take(max: number, receive: (message: StoredMessage) => boolean): StoredMessage[];
}

/** By acceptance, redelivered ones last; or at random, which is as much as SQS promises. */
export function createStandardShelf(random: Random | undefined): Shelf {
  const visible = random === undefined ? createDequePile() : createRandomPile(random);
  return {
    accepted(message) {
      if (message.state === 'visible') {
        visible.put(message);
      }
    },
    becameVisible: (message) => visible.put(message),
    leftFlight: () => undefined,
    take(max, receive) {
      const taken: StoredMessage[] = [];
      while (taken.length < max) {
        const message = visible.draw();
        if (message === undefined) {
          break;
        }
        if (message.state === 'visible' && receive(message)) {
          taken.push(message);
        }
      }
      return taken;
    },
  };
}

interface Pile {
  put(message: StoredMessage): void;
  draw(): StoredMessage | undefined;
}

function createDequePile(): Pile {
  const deque = createDeque<StoredMessage>();
  return { put: (message) => deque.pushBack(message), draw: () => deque.popFront() };
}

function createRandomPile(random: Random): Pile {
  const messages: StoredMessage[] = [];
  return {
    put: (message) => messages.push(message),
    draw() {
      const last = messages.pop();
      if (last === undefined || messages.length === 0) {
        return last;
      }
      const index = Math.floor(random() * (messages.length + 1));
      const drawn = messages[index] ?? last;
      if (drawn !== last) {
        messages[index] = last;
      }
      return drawn;
    },
  };
}

/**
 * One message group.
 *
 *     waiting   d e f          visible or delayed, in order
 *     inFlight  1              c: while it is, the group yields nothing
 *     returned  b a            came back meanwhile; they go before `waiting` once nothing is in flight
 */
interface Group {
  readonly id: string;
  readonly waiting: Deque<StoredMessage>;
  returned: StoredMessage[];
  inFlight: number;
  isListed: boolean;
}

/** In order within a group; groups take turns. As many of one group as possible, then of the next. */
export function createFifoShelf(): Shelf {
  const groups = new Map<string, Group>();
  const listed: Deque<Group> = createDeque();

  const groupOf = (message: StoredMessage): Group => {
    const id = message.content.groupId ?? '';
    let group = groups.get(id);
    if (group === undefined) {
      group = { id, waiting: createDeque(), returned: [], inFlight: 0, isListed: false };
      groups.set(id, group);
    }
    return group;
  };
  /** Lists the group if it could yield a message, forgets it if it is empty. */
  const update = (group: Group): void => {
    if (group.inFlight > 0 || group.isListed) {
      return;
    }
    const head = group.waiting.peekFront();
    if (head === undefined) {
      groups.delete(group.id);
    } else if (head.state === 'visible') {
      group.isListed = true;
      listed.pushBack(group);
    }
  };
  const landed = (group: Group): void => {
    group.inFlight--;
    if (group.inFlight === 0) {
      for (const message of group.returned.toSorted((one, other) => other.number - one.number)) {
        group.waiting.pushFront(message);
      }
      group.returned = [];
      update(group);
    }
  };

  return {
    accepted(message) {
      const group = groupOf(message);
      group.waiting.pushBack(message);
      update(group);
    },
    becameVisible(message, from) {
      const group = groupOf(message);
      if (from === 'delayed') {
        update(group);
      } else {
        group.returned.push(message);
        landed(group);
      }
    },
    leftFlight: (message) => landed(groupOf(message)),
    take(max, receive) {
      const taken: StoredMessage[] = [];
      while (taken.length < max) {
        const group = listed.popFront();
        if (group === undefined) {
          break;
        }
        group.isListed = false;
        for (;;) {
          const message = group.waiting.peekFront();
          if (message?.state !== 'visible' || taken.length === max) {
            break;
          }
          group.waiting.popFront();
          if (receive(message)) {
            group.inFlight++;
            taken.push(message);
          }
        }
        update(group);
      }
      return taken;
    },
  };
}
