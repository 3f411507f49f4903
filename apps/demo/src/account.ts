import { reasonOf } from './failure.ts';
import type { Progress } from './progress.ts';
import { readBack } from './read-back.ts';
import type { Round } from './round.ts';
import type { Place } from './target.ts';

/** Looks for outstanding messages in the dead-letter queues, and takes them out of them. */
export async function readDeadLetters(places: readonly Place[], { ledger }: Round): Promise<void> {
  const onFound = (seq: number): void => ledger.deadLettered(seq);
  await Promise.all(
    places.map(async ({ deadLetterQueue }) => {
      if (deadLetterQueue !== undefined) {
        await readBack(deadLetterQueue, ledger, { onFound, patienceMs: 5_000, onceEmpty: true });
      }
    }),
  );
}

/** What was received and not finished comes back when its visibility timeout is over. */
const longestPatienceMs = 60_000;

/**
 * Finds what is outstanding, in the dead-letter queues and in the queues themselves, and takes it out. Returns why it could not,
 * if it could not: what was not found is then lost, as far as anyone can tell.
 */
export async function account(
  places: readonly Place[],
  rounds: readonly Round[],
  progress: Progress,
): Promise<string | undefined> {
  const visibilityTimeoutMs = Math.max(...places.map(({ description }) => description.visibilityTimeoutMs));
  const patienceMs = Math.min(visibilityTimeoutMs + 5_000, longestPatienceMs);
  try {
    for (const round of rounds.filter((each) => each.ledger.outstandingCount() > 0)) {
      const { ledger } = round;
      const count = ledger.outstandingCount().toLocaleString('en-US');
      progress.say(`${ledger.run}: ${count} messages not processed; reading them back from the queue`);
      await readDeadLetters(places, round);
      const onFound = (seq: number): void => ledger.left(seq);
      const options = { onFound, patienceMs, onceEmpty: false };
      await Promise.all(places.map(({ queue }) => readBack(queue, ledger, options)));
    }
    return undefined;
  } catch (error) {
    return `the queue could not be read back: ${reasonOf(error)}`;
  }
}
