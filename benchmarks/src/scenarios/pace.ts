import { setTimeout as pause } from 'node:timers/promises';

/**
 * Calls `send` `count` times, `perSecond` times a second: those that are due at each tick of about a millisecond, each
 * by itself. Resolves with the milliseconds from each call to when its promise resolved.
 */
export async function sendPaced(
  count: number,
  perSecond: number,
  send: (index: number) => Promise<unknown>,
): Promise<readonly number[]> {
  const latencies: Promise<number>[] = [];
  const startedAt = performance.now();
  while (latencies.length < count) {
    const due = 1 + Math.floor(((performance.now() - startedAt) * perSecond) / 1_000);
    while (latencies.length < Math.min(due, count)) {
      latencies.push(timed(send, latencies.length));
    }
    await pause(Math.max(1, startedAt + (latencies.length * 1_000) / perSecond - performance.now()));
  }
  return Promise.all(latencies);
}

async function timed(send: (index: number) => Promise<unknown>, index: number): Promise<number> {
  const startedAt = performance.now();
  await send(index);
  return performance.now() - startedAt;
}
