import { failingTrials } from './failing-trials.ts';
import { pollingTrials } from './polling-trials.ts';
import { settlingTrials } from './settling-trials.ts';
import { stoppingTrials } from './stopping-trials.ts';
import type { Trial } from './trial.ts';

export const trials: readonly Trial[] = [
  ...pollingTrials,
  ...failingTrials,
  ...settlingTrials,
  ...stoppingTrials,
].toSorted((a, b) => (a.name < b.name ? -1 : 1));
