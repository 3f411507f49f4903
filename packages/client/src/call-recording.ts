import { isQueueError, type Recorder } from '@sqskit/core';
import type { Clock } from '@sqskit/core/clock';

/** Runs one call and records it. Resolves and rejects as the call does. */
export type RecordedCall = <R>(operation: string, call: () => Promise<R>) => Promise<R>;

/** What is recorded of the calls of one operation. */
interface OperationInstruments {
  readonly duration: { record(value: number): void };
  readonly failures: { add(value: number): void };
  readonly throttles: { add(value: number): void };
}

/** Records every call of a queue by its operation. Where nothing listens, the call is all there is. */
export function createCallRecording(recorder: Recorder, queueName: string, clock: Clock): RecordedCall {
  if (!recorder.enabled) {
    return (_operation, call) => call();
  }
  const byOperation = new Map<string, OperationInstruments>();
  const instrumentsOf = (operation: string): OperationInstruments => {
    let instruments = byOperation.get(operation);
    if (instruments === undefined) {
      const dimensions = { QueueName: queueName, Operation: operation };
      instruments = {
        duration: recorder.histogram('CallDuration', 'Milliseconds', dimensions),
        failures: recorder.counter('CallsFailed', dimensions),
        throttles: recorder.counter('CallsThrottled', dimensions),
      };
      byOperation.set(operation, instruments);
    }
    return instruments;
  };
  return async (operation, call) => {
    const { duration, failures, throttles } = instrumentsOf(operation);
    const startedAt = clock.monotonic();
    try {
      return await call();
    } catch (error) {
      failures.add(1);
      if (isQueueError(error) && error.throttled) {
        throttles.add(1);
      }
      throw error;
    } finally {
      duration.record(clock.monotonic() - startedAt);
    }
  };
}
