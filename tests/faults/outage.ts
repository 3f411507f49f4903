import type { Clock } from '@sqskit/core/clock';
import type { FaultPlan } from '@sqskit/testing';

/** When nothing but this is answered, in milliseconds from the start. */
export interface Outage {
  readonly fromMs: number;
  readonly toMs: number;
  readonly throttles: boolean;
}

/** What goes wrong by the plan, and during the outage everything. `timeoutMs`: how long a lost call keeps its caller. */
export function withOutage(
  plan: FaultPlan,
  outage: Outage | undefined,
  { clock, timeoutMs }: { readonly clock: Clock; readonly timeoutMs: number },
): FaultPlan {
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
