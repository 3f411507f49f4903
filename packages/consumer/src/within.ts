import type { Clock, Timer } from '@sqskit/core/clock';

/** Whether the promise settles within this time. Leaves no timer behind. */
export async function within(clock: Clock, ms: number, promise: Promise<void>): Promise<boolean> {
  let timer: Timer | undefined;
  const timeUp = new Promise<boolean>((resolve) => {
    timer = clock.setTimer(() => resolve(false), ms, { keepAlive: true });
  });
  const isDone = await Promise.race([promise.then(() => true), timeUp]);
  timer?.cancel();
  return isDone;
}
