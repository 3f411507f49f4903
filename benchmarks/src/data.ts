import { readFileSync } from 'node:fs';
import { createRandom } from '@sqskit/testing';
// @boundaries-ignore these are the events that the compression package is tuned by, not a part of it
import { createEvents, eventKinds } from '../../packages/compression/bench/events.ts';
import type { Body } from './contenders/contender.ts';

/** `count` of the values, from the first and over again. */
export function repeated<T>(values: readonly T[], count: number): readonly T[] {
  const result: T[] = [];
  while (result.length < count) {
    result.push(...values.slice(0, count - result.length));
  }
  return result;
}

/** The earthquake feed that the demo sends: 1,707 events, 712 bytes each on average, very much alike. */
export function earthquakes(): readonly Body[] {
  const file = new URL('../../apps/demo/data/earthquakes.ndjson', import.meta.url);
  return readFileSync(file, 'utf8')
    .trim()
    .split('\n')
    .map((line): Body => JSON.parse(line));
}

/** Orders, readings of devices and log lines, each kind by itself, of 300 bytes. */
export function smallEvents(): readonly (readonly Body[])[] {
  return eventKinds.map((kind) => createEvents(kind, variedCount, 1).map((text): Body => JSON.parse(text)));
}

/** Texts to measure, and others of their kind. */
export interface TextSet {
  readonly texts: readonly string[];
  readonly samples: readonly string[];
}

export function textSet(bodies: readonly Body[]): TextSet {
  const texts = bodies.map((body) => JSON.stringify(body));
  const half = Math.ceil(texts.length / 2);
  return { samples: texts.slice(0, half), texts: texts.slice(half) };
}

const variedCount = 1_600;

/** Orders of about 710 bytes with little in common: UUIDs, keys, amounts, and text of words as frequent as in English. */
export function variedOrders(): readonly Body[] {
  const chance = createChance(20_261_124);
  return Array.from({ length: variedCount }, () => ({
    orderId: chance.uuid(),
    customerId: chance.uuid(),
    session: chance.key(32),
    placedAt: new Date(1_700_000_000_000 + chance.below(40_000_000_000)).toISOString(),
    lines: Array.from({ length: 3 }, () => ({
      sku: chance.key(10),
      quantity: 1 + chance.below(9),
      cents: chance.below(100_000),
    })),
    email: `${chance.word()}.${chance.word()}@${chance.word()}.example`,
    note: chance.text(330),
  }));
}

/** JSON of exactly 1,024 bytes: an id, a few fields, and text. */
export function kilobytes(): readonly Body[] {
  const chance = createChance(1_024);
  return Array.from({ length: variedCount }, (_, index) => {
    const body = {
      id: chance.uuid(),
      sequence: 1_000_000 + index,
      tags: [chance.word(), chance.word()],
      text: '',
    };
    return { ...body, text: chance.text(1_024 - JSON.stringify(body).length) };
  });
}

interface Chance {
  below(limit: number): number;
  uuid(): string;
  key(length: number): string;
  word(): string;
  /** Words, cut to exactly so many ASCII characters. */
  text(length: number): string;
}

const hexDigits = '0123456789abcdef';
const keyDigits = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';
const onsets = [
  'b',
  'c',
  'd',
  'f',
  'g',
  'h',
  'l',
  'm',
  'n',
  'p',
  'r',
  's',
  't',
  'w',
  'st',
  'th',
  'tr',
  'ch',
  'pl',
];
const nuclei = ['a', 'e', 'i', 'o', 'u', 'ea', 'ou', 'ai'];
const codas = ['', '', 'n', 'r', 's', 't', 'd', 'l', 'nd', 'ng', 'st'];
const vocabularySize = 4_000;

/** The same seed gives the same values. Words are made of syllables, short ones first, and drawn as in Zipf's law. */
function createChance(seed: number): Chance {
  const random = createRandom(seed);
  const below = (limit: number): number => Math.floor(random() * limit);
  const of = (texts: readonly string[] | string): string => texts[below(texts.length)] ?? '';
  const from = (digits: string, length: number): string => Array.from({ length }, () => of(digits)).join('');
  const syllable = (): string => of(onsets) + of(nuclei) + of(codas);
  const vocabulary = Array.from({ length: vocabularySize }, (_, rank) =>
    Array.from({ length: rank < 100 ? 1 : 1 + below(3) }, syllable).join(''),
  );
  // A rank whose logarithm is even is what a frequency of 1/rank gives.
  const word = (): string => vocabulary[Math.floor(vocabularySize ** random()) - 1] ?? '';
  return {
    below,
    word,
    uuid: () => [8, 4, 4, 4, 12].map((length) => from(hexDigits, length)).join('-'),
    key: (length) => from(keyDigits, length),
    text(length) {
      let text = word();
      while (text.length < length) {
        text += ` ${word()}`;
      }
      return text.slice(0, length);
    },
  };
}
