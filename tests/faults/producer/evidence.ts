import type { ProducerStats } from '@sqskit/batching';
import {
  contentText,
  type Envelope,
  type MessageAttributes,
  type Payload,
  type SendEntry,
  type SendOutcome,
} from '@sqskit/core';
import type { FakeMessage, Ledger } from '@sqskit/testing';
import type { History, SendCall } from './history.ts';
import type { Scenario } from './scenario.ts';

/** What a run leaves behind for the judge. */
export interface Facts {
  readonly scenario: Scenario;
  readonly history: History;
  readonly ledger: Ledger;
  /** After the end. */
  readonly stats: ProducerStats;
  /** What the queue holds, in the order of acceptance: nothing was received. */
  readonly messages: readonly FakeMessage[];
  readonly envelope: Envelope;
}

/** One logical message as it was found in an SQS message. */
export interface Found {
  /** Of the message that was offered: what its body begins with. */
  readonly name: string;
  readonly id: string | undefined;
  readonly body: string;
  readonly attributes: MessageAttributes;
  readonly traceHeader: string | undefined;
}

/** A logical message's part in a call. */
export interface Appearance {
  readonly call: SendCall;
  readonly entry: SendEntry;
  /** `undefined` where nobody waited for the answer. */
  readonly outcome: SendOutcome | undefined;
}

/** The facts with every SQS message opened. */
export interface Evidence extends Facts {
  /** What each SQS message of the queue holds, beside it. */
  readonly held: readonly (readonly [FakeMessage, readonly Found[]])[];
  /** The calls that each logical message was in, by name, in order. */
  readonly appearances: ReadonlyMap<string, readonly Appearance[]>;
  /** The logical messages of anything that was sealed. */
  readonly namesOf: (payload: Payload) => readonly string[];
  /** SQS messages that could not be opened. */
  readonly unreadable: readonly string[];
}

export async function gatherEvidence(facts: Facts): Promise<Evidence> {
  const { history, messages, envelope } = facts;
  const unreadable: string[] = [];
  const opened = new Map<string, readonly Found[]>();
  const open = async (payload: Payload): Promise<readonly Found[]> => {
    const key = payloadKey(payload);
    const known = opened.get(key);
    if (known !== undefined) {
      return known;
    }
    const { items } = await envelope.open(payload);
    const found: Found[] = [];
    for (const item of items) {
      if ('error' in item) {
        unreadable.push(item.error.message);
        continue;
      }
      const { id, content, attributes, traceHeader } = item;
      const body = contentText(content);
      found.push({ name: body.slice(0, body.indexOf(':')), id, body, attributes, traceHeader });
    }
    opened.set(key, found);
    return found;
  };

  const held: (readonly [FakeMessage, readonly Found[]])[] = [];
  for (const message of messages) {
    held.push([message, await open(message)]);
  }
  const appearances = new Map<string, Appearance[]>();
  for (const call of history.calls) {
    for (const [position, entry] of call.entries.entries()) {
      for (const { name } of await open(entry)) {
        const appearance = { call, entry, outcome: call.outcomes?.[position] };
        const list = appearances.get(name);
        if (list === undefined) {
          appearances.set(name, [appearance]);
        } else {
          list.push(appearance);
        }
      }
    }
  }
  for (const { sealed } of history.seals) {
    await open(sealed.payload);
  }
  const namesOf = (payload: Payload): readonly string[] =>
    (opened.get(payloadKey(payload)) ?? []).map(({ name }) => name);
  return { ...facts, held, appearances, namesOf, unreadable };
}

/** The same for payloads that are the same on the wire. */
export function payloadKey({ body, attributes }: Payload): string {
  return attributes === undefined ? body : `${body}\n${attributesKey(attributes)}`;
}

export function attributesKey(attributes: MessageAttributes): string {
  return Object.entries(attributes)
    .map(([name, { type, value }]) => {
      const shown = typeof value === 'string' ? value : Buffer.from(value).toString('base64');
      return `${name} ${type} ${shown}`;
    })
    .sort()
    .join('\n');
}

/** Whether an attempt may have been accepted, as far as the producer was told. */
export function isAmbiguous(outcome: SendOutcome | undefined): boolean {
  return outcome === undefined || (!outcome.ok && outcome.error.outcome === 'unknown');
}
