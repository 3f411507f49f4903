import type { Queue } from '@sqskit/core';
import type { ContractCase } from '../src/index.ts';

/** A suite as `test.each` takes it. */
export function titled(
  cases: readonly ContractCase[],
): (readonly [name: string, run: () => Promise<void>])[] {
  return cases.map(({ name, run }) => [name, run] as const);
}

/** The case of this name. */
export function caseNamed(cases: readonly ContractCase[], name: string): ContractCase {
  const found = cases.find((contractCase) => contractCase.name === name);
  if (found === undefined) {
    throw new Error(`no case is named '${name}'`);
  }
  return found;
}

/** A layer that is the queue itself but for what is changed. */
export function changed(queue: Queue, changes: Partial<Queue>): Queue {
  return {
    url: queue.url,
    sendBatch: (entries, options) => queue.sendBatch(entries, options),
    receive: (request, options) => queue.receive(request, options),
    deleteBatch: (handles, options) => queue.deleteBatch(handles, options),
    changeVisibilityBatch: (changesMade, options) => queue.changeVisibilityBatch(changesMade, options),
    describe: (options) => queue.describe(options),
    depth: (options) => queue.depth(options),
    ...changes,
  };
}
