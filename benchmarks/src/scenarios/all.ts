import { enqueue } from './enqueue.ts';
import { fill } from './fill.ts';
import { incompressible } from './incompressible.ts';
import { latency } from './latency.ts';
import { linger } from './linger.ts';
import { memory } from './memory.ts';
import { packedEarthquakes, packedOrders, packedSustained } from './packed.ts';
import { plain, sustained } from './plain.ts';
import { receiving } from './receiving.ts';
import { rivals } from './rivals.ts';
import type { Case, Scenario } from './scenario.ts';
import { sizes } from './sizes.ts';
import { busySlots } from './slots.ts';
import { throttledNeighbour } from './throttled-neighbour.ts';
import { transportScenarios } from './transport.ts';

/** In the order in which they run and are reported. */
export const scenarios: readonly Scenario[] = [
  plain,
  sustained,
  packedEarthquakes,
  packedSustained,
  packedOrders,
  linger,
  enqueue,
  fill,
  latency,
  memory,
  sizes,
  incompressible,
  ...transportScenarios,
  throttledNeighbour,
  receiving,
  busySlots,
  rivals,
];

/** Throws for what is not there. */
export function caseOf(scenarioName: string, caseName: string): Case {
  const scenario = scenarios.find(({ name }) => name === scenarioName);
  const found = scenario?.cases.find(({ name }) => name === caseName);
  if (found === undefined) {
    throw new Error(`no case '${caseName}' in scenario '${scenarioName}'`);
  }
  return found;
}
