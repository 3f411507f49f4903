import { setTimeout as sleep } from 'node:timers/promises';
import { readDeadLetters } from './account.ts';
import { RunError, reasonOf } from './failure.ts';
import type { Phase } from './progress.ts';
import type { Round } from './round.ts';
import type { Place } from './target.ts';
import type { Way } from './way.ts';

/** Without progress for `quietMs` the dead-letter queue is looked into; after `stalledMs` nothing more is expected. */
const quietMs = 2_000;
const stalledMs = 30_000;
const glanceMs = 250;

/** Something goes away when half of a round is handed over, and comes back when every send is settled. */
export interface Outage {
  begin(): void;
  end(): void;
}

/** Sends a round and waits until nothing of it is outstanding. Returns why it could not go on, if it could not. */
export async function drive(
  way: Way,
  round: Round,
  places: readonly Place[],
  stop: AbortSignal,
  phase: Phase,
  outage?: Outage,
): Promise<string | undefined> {
  const { ledger, latencyUs } = round;
  const ticker = setInterval(() => phase.update(latencyUs.count), 100);
  void round.halfway.then(() => outage?.begin());
  const halt = new AbortController();
  let isSent = false;
  const sending = way.send(round, AbortSignal.any([stop, halt.signal])).then(() => {
    isSent = true;
    outage?.end();
  });
  let quietSince = performance.now();
  try {
    while (!isSent || (ledger.outstandingCount() > 0 && !stop.aborted)) {
      const processed = latencyUs.count;
      await Promise.race([isSent ? round.finished : sending, way.broken, sleep(glanceMs)]);
      const now = performance.now();
      if (latencyUs.count > processed) {
        quietSince = now;
      } else if (now - quietSince > stalledMs) {
        throw new RunError(
          `${ledger.outstandingCount().toLocaleString('en-US')} messages outstanding, and none came for ${stalledMs / 1_000} s`,
        );
      } else if (now - quietSince > quietMs) {
        await readDeadLetters(places, round);
      }
    }
    while (!way.isSettled() && !stop.aborted) {
      await Promise.race([way.broken, sleep(5)]);
    }
    return undefined;
  } catch (error) {
    halt.abort();
    await sending;
    return reasonOf(error);
  } finally {
    clearInterval(ticker);
    phase.end(latencyUs.count);
  }
}
