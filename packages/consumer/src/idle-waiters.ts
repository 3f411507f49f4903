/** Those who wait for something to have nothing to do any more. */
export interface IdleWaiters {
  /** Resolves at once if it is idle, otherwise with the next `wake`. */
  wait(isIdle: boolean): Promise<void>;
  wake(): void;
}

export function createIdleWaiters(): IdleWaiters {
  let waiters: (() => void)[] = [];
  return {
    wait(isIdle) {
      return isIdle
        ? Promise.resolve()
        : new Promise((resolve) => {
            waiters.push(resolve);
          });
    },
    wake() {
      const woken = waiters;
      waiters = [];
      for (const resolve of woken) {
        resolve();
      }
    },
  };
}
