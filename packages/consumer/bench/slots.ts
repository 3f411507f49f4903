// Where adaptiveConcurrency ends up, beside the limit of calls that producers go by, for services of which calls take
// longer beyond so many at a time, as in `test/adaptive-slots.test.ts`. Slots as a share of that many, on average, and the
// throughput as a share of what the service can do, after the first 8,000 runs:
//
//     npx -y pnpm@12.21.0 --filter @sqskit/consumer bench:slots
import { createConcurrencyLimit } from '@sqskit/core/concurrency';
import { createAdaptiveSlots } from '../src/adaptive-slots.ts';
import { type Downstream, meanOf, type SlotLaw, SlotSimulation } from '../test/simulated-downstream.ts';

const warmUp = 8_000;
const measured = 12_000;
const max = 400;
const initial = 10;

function adaptiveSlots(simulation: SlotSimulation): SlotLaw {
  const law = createAdaptiveSlots({ clock: simulation.clock, min: 1, max, initial, maxLoopDelayMs: 50 });
  return {
    get limit() {
      return law.limit;
    },
    begin: () => {
      const run = law.begin();
      return (how) => law.end(run, how);
    },
  };
}

function limitOfCalls(simulation: SlotSimulation): SlotLaw {
  const law = createConcurrencyLimit({ clock: simulation.clock, max, initial });
  return {
    get limit() {
      return law.limit;
    },
    begin: () => {
      const call = law.begin();
      return (how) => call.answered(how === 'overloaded' ? 1 : 0);
    },
  };
}

function outcome(makeLaw: (simulation: SlotSimulation) => SlotLaw, service: Downstream): string {
  const { knee, baseMs } = service;
  const simulation = new SlotSimulation(1);
  const law = makeLaw(simulation);
  simulation.run(law, service, warmUp);
  const { nowMs, done, refused } = simulation;
  simulation.run(law, service, measured);
  const slots = meanOf(simulation.slots.slice(warmUp)) / knee;
  const throughput = ((simulation.done - done) * baseMs) / (simulation.nowMs - nowMs) / knee;
  const refusals = (simulation.refused - refused) / measured;
  return `${slots.toFixed(2)} slots, ${percent(throughput)} done, ${percent(refusals)} refused`;
}

function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`;
}

for (const varies of ['not', 'evenly', 'exponentially'] as const) {
  for (const knee of [4, 20, 100]) {
    for (const refusesBeyond of [Number.POSITIVE_INFINITY, 2 * knee]) {
      const service: Downstream = { knee, baseMs: 20, varies, refusesBeyond };
      const refuses = refusesBeyond === Number.POSITIVE_INFINITY ? '' : `, refused beyond ${refusesBeyond}`;
      console.log(`longer beyond ${knee}, varying ${varies}${refuses}`);
      console.log(`    slots           ${outcome(adaptiveSlots, service)}`);
      console.log(`    limit of calls  ${outcome(limitOfCalls, service)}`);
    }
  }
}
