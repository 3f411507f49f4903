import { createDeque, type Deque } from '@sqskit/core/deque';
import type { Shelf } from './shelf.ts';
import type { StoredMessage } from './stored-message.ts';

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
