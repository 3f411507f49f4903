import type { ContractCase } from '../contract.ts';
import { closingCases } from './closing.ts';
import { deliveryCases } from './delivery.ts';
import { failingCases } from './failing.ts';
import { fifoCases } from './fifo.ts';
import type { SenderHarness } from './harness.ts';
import { startTrial } from './trial.ts';

/** What every `Sender` does, on a fake queue in virtual time, where all that can go wrong does. */
export function senderContract(harness: SenderHarness): readonly ContractCase[] {
  return [...deliveryCases, ...failingCases, ...closingCases, ...fifoCases].map(({ name, run }) => ({
    name,
    run: () => run((options) => startTrial(harness, options)),
  }));
}
