import type { Counter, Dimensions, Gauge, Histogram, Recorder } from '@sqskit/core';

/** What a producer records. */
export interface Instruments {
  readonly messagesSent: Counter;
  readonly messagesFailed: Counter;
  readonly entriesRetried: Counter;
  readonly entriesOvertaken: Counter;
  readonly billedRequests: Counter;
  readonly concurrencyLimit: Gauge;
  readonly batchFill: Histogram;
  readonly packFill: Histogram;
  readonly sendDuration: Histogram;
  readonly bufferedMessages: Gauge;
  readonly bufferedBytes: Gauge;
  readonly waitingMessages: Gauge;
}

/** `undefined` where nothing listens, so that nothing is measured. */
export function createInstruments(recorder: Recorder, dimensions: Dimensions): Instruments | undefined {
  if (!recorder.enabled) {
    return undefined;
  }
  return {
    messagesSent: recorder.counter('MessagesSent', dimensions),
    messagesFailed: recorder.counter('MessagesFailed', dimensions),
    entriesRetried: recorder.counter('EntriesRetried', dimensions),
    entriesOvertaken: recorder.counter('EntriesOvertaken', dimensions),
    concurrencyLimit: recorder.gauge('ConcurrencyLimit', 'Count', dimensions),
    billedRequests: recorder.counter('BilledRequests', dimensions),
    batchFill: recorder.histogram('BatchFill', 'Count', dimensions),
    packFill: recorder.histogram('PackFill', 'Count', dimensions),
    sendDuration: recorder.histogram('SendDuration', 'Milliseconds', dimensions),
    bufferedMessages: recorder.gauge('BufferedMessages', 'Count', dimensions),
    bufferedBytes: recorder.gauge('BufferedBytes', 'Bytes', dimensions),
    waitingMessages: recorder.gauge('WaitingMessages', 'Count', dimensions),
  };
}
