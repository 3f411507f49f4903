import { createDeque, type Deque } from '@sqskit/core/deque';
import type { Random } from '@sqskit/core/retry';
import { createNeighbours } from './neighbours.ts';
import type { Shelf } from './shelf.ts';
import type { StoredMessage } from './stored-message.ts';

/**
 * By acceptance, redelivered ones last; or at random, which is as much as SQS promises. Those of a noisy neighbour come
 * when there are no others.
 */
export function createStandardShelf(random: Random | undefined): Shelf {
  const visible = random === undefined ? createDequePile() : createRandomPile(random);
  const neighbours = createNeighbours();
  // Of groups that were noisy when their messages' turn came. One that is quiet again goes before all others.
  const passedOver = new Map<string, Deque<StoredMessage>>();

  const passOver = (groupId: string, message: StoredMessage): void => {
    const waiting = passedOver.get(groupId) ?? createDeque();
    waiting.pushBack(message);
    passedOver.set(groupId, waiting);
  };
  const ofGroups = (areWanted: (groupId: string) => boolean): StoredMessage | undefined => {
    for (const [groupId, waiting] of passedOver) {
      if (areWanted(groupId)) {
        const message = waiting.popFront();
        if (waiting.size === 0) {
          passedOver.delete(groupId);
        }
        return message;
      }
    }
    return undefined;
  };
  const ofQuiet = (): StoredMessage | undefined => {
    const waited = ofGroups((groupId) => !neighbours.isNoisy(groupId));
    if (waited !== undefined) {
      return waited;
    }
    for (;;) {
      const message = visible.draw();
      const groupId = message?.content.groupId;
      if (message === undefined || groupId === undefined || !neighbours.isNoisy(groupId)) {
        return message;
      }
      passOver(groupId, message);
    }
  };

  return {
    accepted(message) {
      if (message.state === 'visible') {
        visible.put(message);
      }
    },
    becameVisible(message, from) {
      if (from === 'in-flight') {
        neighbours.landed(message.content.groupId);
      }
      visible.put(message);
    },
    leftFlight: (message) => neighbours.landed(message.content.groupId),
    take(max, receive) {
      const taken: StoredMessage[] = [];
      while (taken.length < max) {
        const message = ofQuiet() ?? ofGroups(() => true);
        if (message === undefined) {
          break;
        }
        if (message.state === 'visible' && receive(message)) {
          neighbours.tookOff(message.content.groupId);
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
