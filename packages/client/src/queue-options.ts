import type { Logger, Recorder } from '@sqskit/core';
import type { Clock } from '@sqskit/core/clock';
import { clockRule, loggerRule, type OptionRules, recorderRule } from '@sqskit/core/options';

/** Options of a queue, whatever carries its calls. */
export interface QueueOptions {
  /** Told of messages that cannot be handed on, and once of a client that retries by itself. Default: silent. */
  readonly logger?: Logger | undefined;
  /** Default: the machine's. */
  readonly clock?: Clock | undefined;
  /** Told of every call: how long it took, and whether it failed or was throttled. Default: records nothing. */
  readonly recorder?: Recorder | undefined;
}

export function queueRules(toldTo: { readonly logger: string }): OptionRules<QueueOptions> {
  return {
    logger: loggerRule(toldTo.logger),
    clock: clockRule('Where time comes from.'),
    recorder: recorderRule('Told of every call: how long it took, and whether it failed or was throttled.'),
  };
}
