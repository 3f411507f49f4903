import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { compressed, createMessageCompressor, fflateEngine, guideEnvelope } from '../src/index.ts';
import { everyEngine } from './engines.ts';
import { openNow } from './opening.ts';
import { messages } from './python/messages.ts';
import { runPython } from './python/run-python.ts';

/** Made by Python 3 and fflate: python/make-vectors.ts. */
interface Vector {
  readonly name: string;
  readonly byPython: string;
  readonly byFflate: string;
  readonly readByPython: string;
}
const vectors: readonly Vector[] = JSON.parse(
  readFileSync(new URL('python/vectors.json', import.meta.url), 'utf8'),
);
const values = Object.values(messages);

test('there is a vector for each message', () => {
  expect(vectors.map(({ name }) => name)).toEqual(Object.keys(messages));
  expect(
    vectors.filter(({ byPython }) => byPython.startsWith('{"compressed": true, ')).length,
  ).toBeGreaterThan(3);
});

describe.each(vectors)('$name', ({ name, byPython, byFflate, readByPython }) => {
  test('is read as Python wrote it, on either engine', () => {
    for (const [, engine] of everyEngine) {
      expect(createMessageCompressor({ engine }).decompressMessage(byPython)).toEqual(messages[name]);
      for (const envelope of [compressed({ engine }), guideEnvelope({ engine })]) {
        const { content } = openNow(envelope, { body: byPython });
        expect(typeof content === 'string' && JSON.parse(content)).toEqual(messages[name]);
      }
    }
  });

  test('is written as Python has read it', () => {
    expect(createMessageCompressor({ engine: fflateEngine }).compressMessage(messages[name])).toBe(byFflate);
    expect(JSON.parse(readByPython)).toEqual(messages[name]);
  });
});

// Asked where python3 is installed; elsewhere the vectors are its answer.
describe.each(everyEngine)('Python itself and %s', (_name, engine) => {
  const compressor = createMessageCompressor({ engine });

  test('Python reads what we write', () => {
    const bodies = values.map((message) => compressor.compressMessage(message));
    const read = runPython('read', bodies) ?? vectors.map(({ readByPython }) => JSON.parse(readByPython));
    expect(read).toEqual(values);
  });

  test('we read what Python writes', () => {
    const bodies = runPython('write', values) ?? vectors.map(({ byPython }) => byPython);
    expect(bodies.map((body) => compressor.decompressMessage(String(body)))).toEqual(values);
  });
});
