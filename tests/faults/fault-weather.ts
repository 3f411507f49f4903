import type { Clock } from '@sqskit/core/clock';
import { createFaultPlan, type FaultPlan } from '@sqskit/testing';
import { type Scenario, statedRates } from './scenario.ts';

/** What goes wrong in a run: the stated rates, and the scenario's outage. */
export function faultWeather({ seed, timeoutMs, slowReplyMs, outage }: Scenario, clock: Clock): FaultPlan {
  const plan = createFaultPlan({
    seed,
    rates: statedRates,
    verbs: ['sendBatch', 'describe'],
    timeoutMs,
    slowReplyMs,
  });
  return {
    next(call) {
      const faults = plan.next(call);
      const now = clock.monotonic();
      if (outage === undefined || now < outage.fromMs || now >= outage.toMs) {
        return faults;
      }
      return [outage.throttles ? { kind: 'throttle' } : { kind: 'lost-request', timeoutMs }];
    },
  };
}
