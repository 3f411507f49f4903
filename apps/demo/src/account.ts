import { reasonOf } from './failure.ts';
import type { Progress } from './progress.ts';
import { readBack } from './read-back.ts';
import type { Round } from './round.ts';
import type { TargetQueue } from './target.ts';

/** Looks for outstanding messages in the dead-letter queue, and takes them out of it. */
export async function readDeadLetters({ deadLetterQueue }: TargetQueue, { ledger }: Round): Promise<void> {
  if (deadLetterQueue !== undefined) {
    const onFound = (seq: number): void => ledger.deadLettered(seq);
    await readBack(deadLetterQueue, ledger, { onFound, patienceMs: 5_000, onceEmpty: true });
  }
}

/** What was received and not finished comes back when its visibility timeout is over. */
const longestPatienceMs = 60_000;

/**
 * Finds what is outstanding, in the dead-letter queue and in the queue itself, and takes it out. Returns why it could not,
 * if it could not: what was not found is then lost, as far as anyone can tell.
 */
export async function account(
  place: TargetQueue,
  rounds: readonly Round[],
  progress: Progress,
): Promise<string | undefined> {
  const patienceMs = Math.min(place.description.visibilityTimeoutMs + 5_000, longestPatienceMs);
  try {
    for (const round of rounds.filter((each) => each.ledger.outstandingCount() > 0)) {
      const { ledger } = round;
      const count = ledger.outstandingCount().toLocaleString('en-US');
      progress.say(`${ledger.run}: ${count} messages not processed; reading them back from the queue`);
      await readDeadLetters(place, round);
      const onFound = (seq: number): void => ledger.left(seq);
      await readBack(place.queue, ledger, { onFound, patienceMs, onceEmpty: false });
    }
    return undefined;
  } catch (error) {
    return `the queue could not be read back: ${reasonOf(error)}`;
  }
}
