import { packed } from '@sqskit/compression';
import {
  type Codec,
  contentText,
  type Envelope,
  type Item,
  type Payload,
  plain,
  type SendEntry,
  sqsLimits,
} from '@sqskit/core';
import { type Clock, sleep } from '@sqskit/core/clock';
import type { Random } from '@sqskit/core/retry';
import type { PlannedMessage } from './scenario.ts';

/** What an SQS message holds: its messages, and how often each was received before it was sent again. */
export type Contents = readonly { readonly name: string; readonly attempt: number }[];

/** Bodies that are not opened again. */
const mostKnown = 1_000;

const unreadable = '!';
/** A body of a kind that no envelope knows. */
const unopenable = '~1z';

/** A message is its name and a filler; the codec leaves the name. */
export const nameCodec: Codec<string> = {
  encode: (name) => name,
  decode(content) {
    const body = contentText(content);
    if (body.startsWith(unreadable)) {
      throw new TypeError('it cannot be read');
    }
    return nameIn(body);
  },
};

function nameIn(body: string): string {
  return body.slice(body.startsWith(unreadable) ? 1 : 0, body.indexOf(':'));
}

/** Seals what a run sends, and tells what is in any message of its queues. */
export interface Sealer {
  readonly envelope: Envelope;
  seal(planned: PlannedMessage): Payload;
  readonly contentsOf: (payload: Payload) => Contents;
}

export function createSealer(isPacked: boolean): Sealer {
  const envelope = isPacked ? packed({ algorithm: 'deflate', thresholdBytes: 100_000 }) : plain();
  const known = new Map<string, Contents>();

  function open(payload: Payload): Contents {
    if (payload.body.startsWith(unopenable)) {
      return [{ name: payload.body.slice(unopenable.length), attempt: 0 }];
    }
    const { items } = atOnce(envelope.open(payload));
    return items.map((item) => {
      if ('error' in item) {
        throw item.error;
      }
      return { name: nameIn(contentText(item.content)), attempt: item.attempt };
    });
  }

  return {
    envelope,
    seal({ names, broken, bytes }) {
      const [first, ...others] = names.map((name, position): Item => {
        const mark = broken === 'codec' && position === 0 ? unreadable : '';
        return { id: name, content: `${mark}${name}:${'x'.repeat(bytes)}`, attempt: 0 };
      });
      if (first === undefined) {
        throw new RangeError('a message without content');
      }
      if (broken === 'envelope') {
        return { body: `${unopenable}${first.id}` };
      }
      return atOnce(envelope.seal([first, ...others], sqsLimits.maxMessageBytes)).payload;
    },
    contentsOf(payload) {
      const contents = known.get(payload.body) ?? open(payload);
      if (known.size >= mostKnown) {
        known.clear();
      }
      known.set(payload.body, contents);
      return contents;
    },
  };
}

function atOnce<R extends object>(result: R | Promise<R>): R {
  if (result instanceof Promise) {
    throw new TypeError('expected an envelope that takes no time');
  }
  return result;
}

/** Takes up to `maxMs` of virtual time to open some messages, none for others. */
export function slowOpening(inner: Envelope, clock: Clock, random: Random, maxMs: number): Envelope {
  return {
    maxItems: inner.maxItems,
    seal: (items, maxBytes) => inner.seal(items, maxBytes),
    async open(payload) {
      if (random() < 0.7) {
        await sleep(clock, random() * maxMs);
      }
      return inner.open(payload);
    },
  };
}

/** The SQS message of what was sealed. */
export function entryOf(payload: Payload, { names, groupId }: PlannedMessage, fifo: boolean): SendEntry {
  return { ...payload, groupId, ...(fifo ? { deduplicationId: names[0] } : {}) };
}
