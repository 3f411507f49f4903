import type { Histogram, Recorder } from '@sqskit/core';
import type { Clock } from '@sqskit/core/clock';
import type { Compressor, Engine } from './engine.ts';

/** Records the time that each call of an engine takes, unless it throws. The engine itself where nothing listens. */
export function timedEngine(engine: Engine, recorder: Recorder, clock: Clock): Engine {
  if (!recorder.enabled) {
    return engine;
  }
  const compressionTime = recorder.histogram('CompressionTime', 'Milliseconds');
  const decompressionTime = recorder.histogram('DecompressionTime', 'Milliseconds');

  function timed<A extends unknown[], T>(histogram: Histogram, call: (...args: A) => T): (...args: A) => T {
    return (...args) => {
      const startedAt = clock.monotonic();
      const result = call(...args);
      histogram.record(clock.monotonic() - startedAt);
      return result;
    };
  }
  function timedLater<A extends unknown[], T>(
    histogram: Histogram,
    call: ((...args: A) => Promise<T>) | undefined,
  ): ((...args: A) => Promise<T>) | undefined {
    return (
      call &&
      (async (...args) => {
        const startedAt = clock.monotonic();
        const result = await call(...args);
        histogram.record(clock.monotonic() - startedAt);
        return result;
      })
    );
  }
  const timedCompressor = (inner: Compressor): Compressor => ({
    takesDictionary: inner.takesDictionary,
    compress: timed(compressionTime, (...args) => inner.compress(...args)),
    decompress: timed(decompressionTime, (...args) => inner.decompress(...args)),
    compressLater: timedLater(compressionTime, inner.compressLater),
    decompressLater: timedLater(decompressionTime, inner.decompressLater),
  });
  const made = new WeakMap<Compressor, Compressor>();
  return {
    compressor(algorithm) {
      const inner = engine.compressor(algorithm);
      if (inner === undefined) {
        return undefined;
      }
      const known = made.get(inner) ?? timedCompressor(inner);
      made.set(inner, known);
      return known;
    },
  };
}
