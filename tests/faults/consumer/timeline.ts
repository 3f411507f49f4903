import type { Moment } from '../moments.ts';
import type { Evidence } from './evidence.ts';
import type { Instance, SettleCall, SettleEntry } from './history.ts';

/** What happened in a run, a line for each event, in order. */
export function timelineOf({ history, handled }: Evidence): readonly string[] {
  const { instances, receives, settles, sends, runs, stops, failures } = history;
  const events: { readonly at: Moment; readonly text: string }[] = [];
  const who = (by: Instance): string => `consumer ${instances.indexOf(by)}`;
  const tell = (at: Moment | undefined, by: Instance, text: string): void => {
    if (at !== undefined) {
      events.push({ at, text: `${who(by)} ${text}` });
    }
  };
  const nameOf = ({ handle }: SettleEntry): string => {
    const delivery = handled.get(handle)?.delivery;
    return delivery === undefined
      ? handle
      : `${delivery.contents.map(({ name }) => name).join('+')}#${delivery.receiveCount}`;
  };
  for (const { by, began, ended, asked, isAborted, isFailed, deliveries } of receives) {
    const got = deliveries.map(({ handle }) => nameOf({ handle, visibilityTimeoutMs: undefined }));
    const answer = isAborted ? 'nothing: it was aborted' : isFailed ? 'an error' : `[${got.join(' ')}]`;
    tell(began, by, `asks for ${asked}`);
    tell(ended, by, `is given ${answer}, asked at ${show(began.ms)}`);
  }
  for (const call of settles) {
    tell(
      call.began,
      call.by,
      `calls ${call.entries.map((entry) => `${verbOf(entry)} ${nameOf(entry)}`).join(', ')}`,
    );
    tell(call.ended, call.by, `is answered ${outcomesOf(call)}, asked at ${show(call.began.ms)}`);
  }
  for (const { by, began, ended, to, contents, outcomes } of sends) {
    const what = contents.map((one) => one.map(({ name }) => name).join('+')).join(' ');
    tell(began, by, `sends ${what} to the ${to}`);
    tell(ended, by, `is answered ${(outcomes ?? []).map(({ ok }) => (ok ? 'ok' : 'failed')).join(' ')}`);
  }
  for (const { by, name, receiveCount, running, began, ended, result, aborted } of runs) {
    tell(began, by, `runs ${name}, received ${receiveCount} times, as the handler ${running}`);
    tell(ended, by, `has run ${name}: ${result}`);
    tell(aborted?.at, by, `tells ${name} to end: ${aborted?.code}`);
  }
  for (const { by, at, during, messageId } of failures) {
    tell(at, by, `reports a failure of ${during}${messageId === undefined ? '' : `, of ${messageId}`}`);
  }
  for (const { by, began, ended, timeoutMs, report } of stops) {
    tell(began, by, `is to stop within ${timeoutMs} ms`);
    tell(ended, by, `has stopped: ${JSON.stringify(report)}`);
  }
  for (const instance of instances) {
    tell(instance.crashed, instance, 'crashes');
    for (const start of instance.starts) {
      tell(start, instance, 'is to start');
    }
    for (const { from, to } of instance.pauses) {
      tell(from, instance, 'is paused');
      tell(to, instance, 'is paused no more');
    }
    for (const { fromMs, toMs } of instance.blocks) {
      tell({ order: -1, ms: fromMs }, instance, `stands still until ${show(toMs)}`);
    }
  }
  return events
    .sort((one, other) => one.at.ms - other.at.ms || one.at.order - other.at.order)
    .map(({ at, text }) => `${show(at.ms).padStart(10)}  ${text}`);
}

function show(ms: number): string {
  return ms.toFixed(1);
}

function verbOf({ visibilityTimeoutMs }: SettleEntry): string {
  return visibilityTimeoutMs === undefined ? 'delete' : `${show(visibilityTimeoutMs)} ms for`;
}

function outcomesOf({ outcomes = [] }: SettleCall): string {
  return outcomes.map((outcome) => (outcome.ok ? 'ok' : outcome.error.code)).join(' ');
}
