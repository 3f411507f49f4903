import type { Content } from '@sqskit/core';
import { invalidOption, type OptionRules, resolveOptions } from '@sqskit/core/options';
import { createDictionary, type Dictionary } from './dictionary.ts';
import { joined } from './joined.ts';

/** Options of `dictionaryFromSamples`. */
export interface DictionaryFromSamplesOptions {
  /**
   * Default: 8,192 bytes. Twice as many make 300-byte messages 2 % smaller; every call of the compressor reads the
   * dictionary anew.
   */
  readonly maxBytes?: number | undefined;
}

export const dictionaryFromSamplesRules: OptionRules<DictionaryFromSamplesOptions> = {
  maxBytes: {
    kind: 'number',
    default: 8_192,
    min: 256,
    max: 32_768,
    unit: 'bytes',
    doc: 'The most that the dictionary may hold. Larger ones make messages a little smaller and each call slower.',
  },
};

/** What is counted: so many bytes in a row. zstd's trainer takes 6 or 8; on JSON it makes no difference. */
const gramBytes = 6;

/** A dictionary is of use to the beginning of a message only, and a few thousand messages say what all are like. */
const maxSampleBytes = 16_384;
const maxTrainingBytes = 2_097_152;

const minSamples = 10;

/** A dictionary is made of so many pieces, or of more where the samples are shorter than a piece. */
const piecesWanted = 16;

/**
 * A dictionary of what `samples` have in common: a hundred messages of the kind that will be sent, or better a thousand.
 * It holds pieces of them as they are, so let there be nothing secret in them. The same samples give the same dictionary.
 *
 * The pieces are those whose grams, runs of six bytes, occur in the most samples: COVER, from Liao, Petri, Moffat and
 * Wirth, "Effective Construction of Relative Lempel-Ziv Dictionaries", WWW 2016, with grams counted by hash, as zstd's
 * FastCover does.
 *
 * Throws `option-invalid` for fewer than ten samples that are six bytes or longer, or of which not even 8 bytes remain
 * when what repeats in them is left out.
 */
export function dictionaryFromSamples(
  samples: readonly Content[],
  options?: DictionaryFromSamplesOptions,
): Dictionary {
  const { maxBytes } = resolveOptions('dictionaryFromSamples', dictionaryFromSamplesRules, options);
  if (!Array.isArray(samples)) {
    throw invalidOption('dictionaryFromSamples', 'samples', samples, 'an array of texts and bytes');
  }
  if (!samples.every((sample) => typeof sample === 'string' || sample instanceof Uint8Array)) {
    throw invalidOption('dictionaryFromSamples', 'samples', samples, 'texts and bytes, as they are sent');
  }
  const usable = samples.filter(({ length }) => length >= gramBytes);
  if (usable.length < minSamples) {
    throw invalidOption(
      'dictionaryFromSamples',
      'samples',
      `${usable.length} of ${samples.length}`,
      `${minSamples} or more that are ${gramBytes} bytes or longer`,
    );
  }
  return createDictionary(joined(chosenPieces(trainingText(usable), maxBytes)).slice(-maxBytes));
}

/** The samples one after another: sample i is from `starts[i]` to `starts[i + 1]`. */
interface TrainingText {
  readonly bytes: Uint8Array;
  readonly starts: readonly number[];
}

/** Every sample, or an even choice of them where they are more than is looked at. */
function trainingText(samples: readonly Content[]): TrainingText {
  const total = samples.reduce((sum, { length }) => sum + Math.min(length, maxSampleBytes), 0);
  const step = Math.max(1, total / maxTrainingBytes);
  const utf8 = new TextEncoder();
  const taken: Uint8Array[] = [];
  const starts = [0];
  let length = 0;
  for (let at = 0; at < samples.length; at += step) {
    const beginning = (samples[Math.floor(at)] ?? '').slice(0, maxSampleBytes);
    const bytes = typeof beginning === 'string' ? utf8.encode(beginning) : beginning;
    taken.push(bytes);
    length += bytes.length;
    starts.push(length);
  }
  return { bytes: joined(taken), starts };
}

/**
 * The samples are cut into sixteen parts, and each part in turn gives its most valuable piece until there are `maxBytes`:
 * so every kind of message that the samples hold has its share. Returns the least valuable first, because deflate codes
 * a match in fewer bits the nearer it is.
 */
function chosenPieces({ bytes, starts }: TrainingText, maxBytes: number): Uint8Array[] {
  const samples = starts.length - 1;
  const parts = Math.min(samples, piecesWanted);
  const finder = createPieceFinder(bytes, starts, Math.floor(maxBytes / piecesWanted));
  const chosen: Piece[] = [];
  let length = 0;
  let partsInVain = 0;
  for (let part = 0; length < maxBytes && partsInVain < parts; part = (part + 1) % parts) {
    const piece = finder.take(
      Math.floor((part * samples) / parts),
      Math.floor(((part + 1) * samples) / parts),
    );
    if (piece === undefined) {
      partsInVain++;
    } else {
      partsInVain = 0;
      chosen.push(piece);
      length += piece.end - piece.start;
    }
  }
  const density = ({ value, start, end }: Piece): number => value / (end - start);
  return chosen.sort((a, b) => density(a) - density(b)).map(({ start, end }) => bytes.subarray(start, end));
}

interface Piece {
  readonly start: number;
  readonly end: number;
  /** In how many samples each gram of it occurs, added up; those that an earlier piece has count nothing. */
  readonly value: number;
}

interface PieceFinder {
  /** The best piece of the samples `from` to below `to`, or `undefined` where nothing in them is new. */
  readonly take: (from: number, to: number) => Piece | undefined;
}

function createPieceFinder(bytes: Uint8Array, starts: readonly number[], pieceBytes: number): PieceFinder {
  const grams = gramsOf(bytes);
  const values = sampleCounts(grams, starts);
  /** How often each gram is in the window. */
  const inWindow = new Uint16Array(values.length);

  // Both return by how much the value of the window changes.
  const enter = (gram: number): number => {
    const times = inWindow[gram] ?? 0;
    inWindow[gram] = times + 1;
    return times === 0 ? (values[gram] ?? 0) : 0;
  };
  const leave = (gram: number): number => {
    const times = (inWindow[gram] ?? 0) - 1;
    inWindow[gram] = times;
    return times === 0 ? -(values[gram] ?? 0) : 0;
  };

  return {
    take(from, to) {
      let best: Piece = { start: 0, end: 0, value: 0 };
      for (let sample = from; sample < to; sample++) {
        let first = starts[sample] ?? 0;
        const end = starts[sample + 1] ?? 0;
        let value = 0;
        for (let at = first; at + gramBytes <= end; at++) {
          value += enter(grams[at] ?? 0);
          if (at + gramBytes - first > pieceBytes) {
            value += leave(grams[first++] ?? 0);
          }
          if (value > best.value) {
            best = { start: first, end: at + gramBytes, value };
          }
        }
        for (; first + gramBytes <= end; first++) {
          leave(grams[first] ?? 0);
        }
      }
      for (let at = best.start; at + gramBytes <= best.end; at++) {
        values[grams[at] ?? 0] = 0;
      }
      return best.value === 0 ? undefined : best;
    },
  };
}

/** The hash of the gram at each place: 12 to 22 bits, about twice as many values as there are places. */
function gramsOf(bytes: Uint8Array): Uint32Array {
  const bits = Math.min(22, Math.max(12, Math.ceil(Math.log2(bytes.length)) + 1));
  const grams = new Uint32Array(bytes.length);
  for (let at = 0; at + gramBytes <= bytes.length; at++) {
    let hash = 0x811c9dc5;
    for (let offset = 0; offset < gramBytes; offset++) {
      hash = Math.imul(hash ^ (bytes[at + offset] ?? 0), 0x01000193);
    }
    hash = Math.imul(hash ^ (hash >>> 15), 0x735a2d97);
    grams[at] = hash >>> (32 - bits);
  }
  return grams;
}

/** In how many samples each gram occurs. */
function sampleCounts(grams: Uint32Array, starts: readonly number[]): Uint32Array {
  const size = grams.reduce((most, gram) => Math.max(most, gram), 0) + 1;
  const counts = new Uint32Array(size);
  const lastSample = new Uint32Array(size);
  for (let sample = 1; sample < starts.length; sample++) {
    const end = (starts[sample] ?? 0) - gramBytes;
    for (let at = starts[sample - 1] ?? 0; at <= end; at++) {
      const gram = grams[at] ?? 0;
      if (lastSample[gram] !== sample) {
        lastSample[gram] = sample;
        counts[gram] = (counts[gram] ?? 0) + 1;
      }
    }
  }
  return counts;
}
