import { sqsLimits } from '@sqskit/core';
import type { OptionRules } from '@sqskit/core/options';

export interface StopOptions {
  /**
   * How long stopping may take. Default: 30,000 ms. The last fifth, at most a second, is kept for giving back what is still
   * in hand then.
   */
  readonly timeoutMs?: number | undefined;
  /**
   * What becomes of the messages that run. Default: `finish`, their handlers may end. With `release` the handlers are told
   * to end at once, and after half a second at most the messages are released.
   */
  readonly mode?: StopMode | undefined;
}

export type StopMode = 'finish' | 'release';

export const stopRules: OptionRules<StopOptions> = {
  timeoutMs: {
    kind: 'number',
    default: 30_000,
    min: 0,
    max: sqsLimits.maxVisibilityTimeoutMs,
    unit: 'ms',
    doc: 'How long stopping may take. The last fifth, at most a second, is kept for giving back what is still in hand then.',
  },
  mode: {
    kind: 'choice',
    default: 'finish',
    values: ['finish', 'release'],
    doc: 'What becomes of the messages that run: their handlers may finish, or are told to end at once and their messages released within half a second.',
  },
};
