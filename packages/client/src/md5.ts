import { hash } from 'node:crypto';
import { lanes, simd } from './simd.ts';

/** The most that padding adds to a text. */
const paddingBytes = 72;
const digestBytes = 16;

/**
 * The MD5 of the UTF-8 form of each text, in hex. MD5 has no parallelism within a text; so texts of a batch, which are about
 * as long as each other, are hashed side by side, for a quarter of the time (`bench/md5.ts`).
 */
export function md5OfAll(texts: readonly string[]): readonly string[] {
  return areAlike(texts) ? sideBySide(texts) : texts.map((text) => hash('md5', text));
}

/** Whether they are fewer, shorter and more alike than would make it slower: side by side, all take as long as the longest. */
function areAlike(texts: readonly string[]): boolean {
  let total = 0;
  let longest = 0;
  for (const { length } of texts) {
    total += length;
    longest = Math.max(longest, length);
  }
  return (
    texts.length > 1 &&
    texts.length <= lanes &&
    total >= 2 * longest &&
    3 * total + paddingBytes * texts.length <= simd().textBytes
  );
}

function sideBySide(texts: readonly string[]): readonly string[] {
  const { bytes, textAt, addresses, blocks, digestsAt, pad, md5 } = simd();
  let at = textAt;
  let longest = 0;
  blocks.fill(0);
  texts.forEach((text, lane) => {
    const count = pad(at, bytes.write(text, at));
    addresses[lane] = at;
    blocks[lane] = count;
    at += count * 64;
    longest = Math.max(longest, count);
  });
  md5(longest);
  const hex = bytes.toString('hex', digestsAt, digestsAt + digestBytes * texts.length);
  return texts.map((_, lane) => hex.slice(lane * 2 * digestBytes, (lane + 1) * 2 * digestBytes));
}
