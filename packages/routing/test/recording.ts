import type { Counter, Dimensions, Logger, Recorder } from '@sqskit/core';
import { noopRecorder } from '@sqskit/core';

export interface Recording {
  readonly recorder: Recorder;
  /** Sums of the counters, as `Name Region`. */
  readonly counts: ReadonlyMap<string, number>;
  readonly logger: Logger;
  readonly log: readonly { readonly level: string; readonly message: string; readonly fields: unknown }[];
}

/** Keeps what is counted and logged. */
export function createRecording(): Recording {
  const counts = new Map<string, number>();
  const counter = (name: string, dimensions?: Dimensions): Counter => {
    const key = [name, ...Object.values(dimensions ?? {})].join(' ');
    return { add: (value) => counts.set(key, (counts.get(key) ?? 0) + value) };
  };
  const log: { level: string; message: string; fields: unknown }[] = [];
  const at = (level: string) => (message: string, fields?: unknown) => {
    log.push({ level, message, fields });
  };
  return {
    recorder: { ...noopRecorder, enabled: true, counter },
    counts,
    logger: { debug: at('debug'), warn: at('warn'), error: at('error') },
    log,
  };
}
