/** How many bytes of content fill one SQS message: learnt, since only sealing tells how well contents compress. */
export interface PackFill {
  /** Bytes of content, attributes and trace headers that come out at just below `limitBytes`. */
  bytesFor(limitBytes: number): number;
  /** What became of a pack. */
  learn(rawBytes: number, sealedBytes: number, limitBytes: number): void;
}

const firstRatio = 3;
/** Of the newest pack, against all before it. */
const weight = 0.25;
const leastMargin = 0.01;
const mostMargin = 0.1;

/** `maxRawBytes` is the most that a reader expands. */
export function createPackFill(maxRawBytes: number): PackFill {
  let ratio = firstRatio;
  /** Of the ratio, in the mean and relative to it: what one pack may be off. */
  let deviation = mostMargin / 3;
  let hasLearnt = false;

  // The last packs lie within about three mean deviations, so that nearly none comes out above the limit.
  function bytesFor(limitBytes: number): number {
    const margin = Math.min(mostMargin, Math.max(leastMargin, 3 * deviation));
    return Math.max(1, Math.min(maxRawBytes, Math.floor(limitBytes * ratio * (1 - margin))));
  }

  return {
    bytesFor,
    learn(rawBytes, sealedBytes, limitBytes) {
      // Small packs, of a sender that has little to send, compress less well than full ones; but one above the limit is full.
      if (rawBytes < bytesFor(limitBytes) / 2 && sealedBytes <= limitBytes) {
        return;
      }
      const found = rawBytes / sealedBytes;
      if (hasLearnt) {
        deviation += weight * (Math.abs(found / ratio - 1) - deviation);
        ratio += weight * (found - ratio);
      } else {
        ratio = found;
        deviation = mostMargin / 6;
        hasLearnt = true;
      }
    },
  };
}
