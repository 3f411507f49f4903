import type { ContractCase } from '../contract.ts';
import { fifoCases } from './fifo.ts';
import type { QueueHarness } from './harness.ts';
import { receivingCases } from './receiving.ts';
import { sendingCases } from './sending.ts';
import { createSession } from './session.ts';
import { settlingCases } from './settling.ts';

/**
 * What every `Queue` does, in cases of a few seconds at most and without any sleep: they wait by long polls. A case that
 * needs what the harness does not support is left out.
 */
export function queueContract(harness: QueueHarness): readonly ContractCase[] {
  return [...sendingCases, ...receivingCases, ...settlingCases, ...fifoCases]
    .filter(({ needs }) => needs === undefined || harness.supports?.[needs] !== false)
    .map(({ name, run }) => ({
      name,
      run: async () => {
        try {
          await run(createSession(harness));
        } finally {
          await harness.dispose?.();
        }
      },
    }));
}
