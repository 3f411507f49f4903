import type { Clock } from '@sqskit/core/clock';
import { type OptionRules, type Resolved, resolveOptions } from '@sqskit/core/options';
import { type FakeQueueOptions, fakeQueueRules } from '../fake-queue/fake-queue-options.ts';

/** What holds for every queue of the server unless it is given another. */
type Shared = 'clock' | 'random' | 'oversized' | 'latencyMs' | 'faults' | 'history';

export interface FakeSqsOptions extends Pick<FakeQueueOptions, Shared> {
  /** Where to listen, on the loopback interface alone. Default: 0, any free port. */
  readonly port?: number | undefined;
}

type Unset = 'random' | 'faults';

const { clock, random, oversized, latencyMs, faults, history } = fakeQueueRules;

export const fakeSqsRules: OptionRules<FakeSqsOptions, Unset> = {
  port: {
    kind: 'number',
    default: 0,
    min: 0,
    max: 65_535,
    shown: '0, any free one',
    doc: 'Where to listen, on the loopback interface alone.',
  },
  clock,
  random,
  oversized,
  latencyMs,
  faults,
  history,
};

export type FakeSqsSettings = Resolved<FakeSqsOptions, Unset>;

/** Validates the options. Throws `option-invalid`. */
export function resolveFakeSqs(options: FakeSqsOptions): FakeSqsSettings {
  const settings = resolveOptions('startFakeSqs', fakeSqsRules, options);
  return { ...settings, clock: quiet(settings.clock) };
}

/** The server itself keeps the process alive, so that nothing else does once it is closed. */
function quiet(clock: Clock): Clock {
  return {
    now: () => clock.now(),
    monotonic: () => clock.monotonic(),
    setTimer: (callback, delayMs) => clock.setTimer(callback, delayMs),
  };
}
