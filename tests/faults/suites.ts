import { consumerSuite } from './consumer/suite.ts';
import { producerSuite } from './producer/suite.ts';
import type { Suite } from './suite.ts';

export const suiteNames: readonly string[] = [producerSuite.name, consumerSuite.name];

/** Calls `use` with the suite of this name. Throws a `RangeError` for another. */
export function withSuite<R>(name: string, use: <C>(suite: Suite<C>) => R): R {
  switch (name) {
    case producerSuite.name:
      return use(producerSuite);
    case consumerSuite.name:
      return use(consumerSuite);
    default:
      throw new RangeError(`expected a suite (${suiteNames.join(' or ')}), received ${name}`);
  }
}
