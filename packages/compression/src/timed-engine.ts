import type { Recorder } from '@sqskit/core';
import type { Clock } from '@sqskit/core/clock';
import type { GzipEngine } from './gzip-engine.ts';

/** Records the time that each call of an engine takes, unless it throws. The engine itself where nothing listens. */
export function timedEngine(engine: GzipEngine, recorder: Recorder, clock: Clock): GzipEngine {
  if (!recorder.enabled) {
    return engine;
  }
  const compressionTime = recorder.histogram('CompressionTime', 'Milliseconds');
  const decompressionTime = recorder.histogram('DecompressionTime', 'Milliseconds');
  return {
    gzip(bytes, level) {
      const startedAt = clock.monotonic();
      const gzip = engine.gzip(bytes, level);
      compressionTime.record(clock.monotonic() - startedAt);
      return gzip;
    },
    gunzip(bytes, maxOutputBytes) {
      const startedAt = clock.monotonic();
      const content = engine.gunzip(bytes, maxOutputBytes);
      decompressionTime.record(clock.monotonic() - startedAt);
      return content;
    },
  };
}
