import type { Trial, TrialOptions } from './trial.ts';

/** A case before it is bound to a harness. */
export interface SenderCase {
  readonly name: string;
  readonly run: (start: (options?: TrialOptions) => Trial) => Promise<void>;
}
