import { styleText } from 'node:util';
import Table from 'cli-table3';
import { type Figure, figures, gainOf } from './figures.ts';
import type { Balance } from './ledger.ts';
import type { Measurement } from './measure.ts';
import type { Report } from './report.ts';

type Paint = (style: Parameters<typeof styleText>[0], text: string) => string;
type Ways = readonly Measurement[];

/** The report for people: what was compared, the ledger, what came out of the events, how it was measured, the verdict. */
export function renderScorecard(report: Report, stream: NodeJS.WritableStream): string {
  // Plain where the stream is no terminal or NO_COLOR is set.
  const paint: Paint = (style, text) => styleText(style, text, { stream });
  const ways = Object.values(report.ways);
  const sections = [
    [titleLine(report, paint)],
    [comparison(ways, paint), ...callLines(ways, paint), ...exceptionLines(ways)],
    ...worthLines(ways, paint),
    findingsLines(ways),
    methodLines(report, paint),
    verdictLines(report, paint),
  ];
  const text = sections.map((lines) => lines.join('\n')).join('\n\n');
  return `\n${text.replaceAll(/[ ]+$/gm, '')}\n`;
}

function titleLine({ target }: Report, paint: Paint): string {
  const title = paint('bold', 'Scorecard');
  return target.kind === 'emulator'
    ? `${title} ${paint('yellow', 'of an emulator: it compares these ways, and is no claim about AWS')}`
    : title;
}

// Columns, and no lines.
const chars = {
  top: '',
  'top-mid': '',
  'top-left': '',
  'top-right': '',
  bottom: '',
  'bottom-mid': '',
  'bottom-left': '',
  'bottom-right': '',
  left: '',
  'left-mid': '',
  mid: '',
  'mid-mid': '',
  right: '',
  'right-mid': '',
  middle: '',
};
const style = { head: [], border: [], 'padding-left': 0, 'padding-right': 2 };

/** Figures and ledger in one table, so that their columns agree. */
function comparison(ways: Ways, paint: Paint): string {
  const table = new Table({
    head: ['', '', ...ways.map(({ name }) => paint('bold', name)), ''],
    colAligns: ['left', 'left', ...ways.map(() => 'right' as const), 'left'],
    chars,
    style,
  });
  table.push(...figureRows(ways, paint), [''], ...ledgerRowsOf(ways, paint));
  return table.toString();
}

function figureRows(ways: Ways, paint: Paint): string[][] {
  return figures.map((figure) => {
    const values = ways.map((way) => figure.of(way));
    const gain = values.length > 1 ? gainOf(figure, values[0], values.at(-1)) : undefined;
    const cells = values.map((value) => shown(value, figure.digits));
    return [figure.label, paint('dim', figure.unit), ...cells, shownGain(figure, gain, paint)];
  });
}

function shownGain({ gain, loss }: Figure, times: number | undefined, paint: Paint): string {
  if (times === undefined) {
    return '';
  }
  return times >= 1
    ? paint('green', `${factor(times)}× ${gain}`)
    : paint('red', `${factor(1 / times)}× ${loss}`);
}

function factor(times: number): string {
  return times >= 100 ? shown(times) : times.toPrecision(3);
}

interface LedgerRow {
  readonly label: string;
  readonly of: (way: Measurement) => number;
  /** Shown only where it happened. */
  readonly rare?: true;
  readonly bad?: true;
}

const ledgerRows: readonly LedgerRow[] = [
  { label: 'events', of: ({ ledger }) => ledger.events },
  { label: 'not sent: interrupted', of: ({ ledger }) => ledger.notSent, rare: true },
  { label: 'not accepted', of: ({ ledger }) => ledger.rejected, rare: true, bad: true },
  { label: 'not confirmed', of: ({ ledger }) => ledger.unconfirmed, rare: true, bad: true },
  { label: 'sent', of: ({ ledger }) => ledger.sent },
  { label: '= processed', of: ({ ledger }) => ledger.processed },
  { label: '+ dead-lettered', of: ({ ledger }) => ledger.deadLettered },
  { label: '+ left in the queue', of: ({ ledger }) => ledger.left },
  { label: '+ lost', of: ({ ledger }) => ledger.lost, bad: true },
  { label: 'delivered again', of: ({ ledger }) => ledger.duplicates, rare: true },
  { label: 'warm-up, unmeasured', of: ({ warmUp }) => warmUp.sent },
];

function ledgerRowsOf(ways: Ways, paint: Paint): string[][] {
  return ledgerRows
    .map((row) => ({ ...row, counts: ways.map((way) => row.of(way)) }))
    .filter(({ rare, counts }) => rare !== true || counts.some((count) => count > 0))
    .map(({ label, bad, counts }) => {
      const cells = counts.map((count) => (bad && count > 0 ? paint('red', shown(count)) : shown(count)));
      return [label, paint('dim', 'messages'), ...cells, ''];
    });
}

/** Which API calls they were. */
function callLines(ways: Ways, paint: Paint): string[] {
  return ways.map(({ name, network }) => {
    const calls = Object.entries(network.callsByOperation)
      .toSorted(([, a], [, b]) => b - a)
      .map(([operation, count]) => `${operation} ${shown(count)}`);
    const failed = network.failedCalls === 0 ? '' : `; ${shown(network.failedCalls)} failed`;
    return paint('dim', `${name} calls: ${calls.join(', ')}${failed}`);
  });
}

/** What the table leaves out, where it happened: warm-ups that were cut short, and messages of others. */
function exceptionLines(ways: Ways): string[] {
  return ways.flatMap(({ name, warmUp, foreignIds }) => {
    const lines: string[] = [];
    if (warmUp.processed < warmUp.sent) {
      lines.push(`${name} warm-up: ${sum(warmUp)}`);
    }
    if (foreignIds.length > 0) {
      lines.push(
        `${name}: ${shown(foreignIds.length)} messages of others, left in the queue:`,
        ...foreignIds,
      );
    }
    return lines;
  });
}

function sum({ sent, processed, deadLettered, left, lost }: Balance): string {
  const parts = [
    [processed, 'processed'],
    [deadLettered, 'dead-lettered'],
    [left, 'left in the queue'],
    [lost, 'lost'],
  ] as const;
  const terms = parts.filter(([count]) => count > 0).map(([count, what]) => `${shown(count)} ${what}`);
  return `${shown(sent)} sent = ${terms.join(' + ')}`;
}

/** What each feature of the last way did, and the stages that a message passed in it, as they were published. */
function worthLines(ways: Ways, paint: Paint): string[][] {
  const stages = ways.at(-1)?.stages;
  if (stages === undefined) {
    return [];
  }
  const { compressionRatio, messagesByRegion, failovers, requests, messagesSent, messagesAcked } = stages;
  const features: string[] = [];
  const batched = ways.find(({ name }) => name === 'batched');
  if (compressionRatio !== undefined) {
    features.push(
      `compression: the messages it was tried on are ${compressionRatio.toFixed(2)}× smaller (median)${wireGain(batched, ways.at(-1))}`,
    );
  }
  const routed = Object.values(messagesByRegion).reduce((total, count) => total + count, 0);
  if (routed > 0) {
    const shares = Object.entries(messagesByRegion)
      .toSorted(([, one], [, other]) => other - one)
      .map(([region, count]) => `${region} ${((100 * count) / routed).toFixed(0)} %`);
    const moved = failovers === 0 ? '' : `; ${shown(failovers)} went on to another region`;
    features.push(`routing: ${shares.join(', ')} of the messages${moved}`);
  }
  features.push(
    stages.publishFailure === undefined
      ? `metrics: ${shown(requests)} ${requests === 1 ? 'request' : 'requests'} to ${stages.publishedTo}, which then held MessagesSent ${shown(messagesSent)}, MessagesAcked ${shown(messagesAcked)}`
      : paint('red', `metrics: not published to ${stages.publishedTo}: ${stages.publishFailure}`),
  );
  const table = new Table({
    head: [paint('bold', 'stage of sqskit'), 'samples', 'p50 ms', 'p99 ms'],
    colAligns: ['left', 'right', 'right', 'right'],
    chars,
    style,
  });
  table.push(
    ...stages.stages.map(({ stage, samples, p50Ms, p99Ms }) => [
      stage,
      shown(samples),
      shown(p50Ms, 1),
      shown(p99Ms, 1),
    ]),
  );
  return [features, [table.toString()]];
}

function wireGain(before: Measurement | undefined, after: Measurement | undefined): string {
  if (before === undefined || after === undefined || before.ledger.processed === 0) {
    return '';
  }
  const bytes = ({ network, ledger }: Measurement): number =>
    (network.bytesUp + network.bytesDown) / ledger.processed;
  return `; on the wire ${shown(bytes(before))} → ${shown(bytes(after))} bytes a message`;
}

/** What came out of processing the events: of the last way, as both must have come to the same. */
function findingsLines(ways: Ways): string[] {
  const findings = ways.at(-1)?.findings;
  if (findings?.strongest === undefined) {
    return [`Events: ${shown(findings?.events ?? 0)} processed.`];
  }
  const { events, earthquakes, strongest, deepestKm, classes } = findings;
  const others = events - earthquakes;
  const table = new Table({ colAligns: ['left', ...classes.map(() => 'right' as const)], chars, style });
  table.push(
    ['magnitude', ...classes.map(({ name }) => name)],
    ['earthquakes', ...classes.map(({ count }) => shown(count))],
  );
  return [
    `Events: ${shown(earthquakes)} earthquakes${others === 0 ? '' : ` and ${shown(others)} others`}.`,
    `Strongest: M ${strongest.magnitude}, ${strongest.place}. Deepest: ${shown(deepestKm)} km.`,
    table.toString(),
  ];
}

function methodLines({ target, machine, ways }: Report, paint: Paint): string[] {
  const { node, platform, cpu, cpus } = machine;
  const price = Object.values(ways)[0]?.dollarsPerMillionRequests.toFixed(2);
  return [
    `On ${target.name}.`,
    `Node ${node}, ${platform}, ${cpus} × ${cpu}.`,
    'All ways send as fast as they can. Latency is from handing an event over to the',
    'end of its handler, waiting in the queue included. Wire: HTTP, headers',
    `included, without TLS. Price: $${price} per million requests, without free tier.`,
  ].map((line) => paint('dim', line));
}

function verdictLines({ interruptedBy, problems, ways }: Report, paint: Paint): string[] {
  const interrupted = interruptedBy === null ? [] : [paint('yellow', `Interrupted by ${interruptedBy}.`)];
  if (problems.length > 0) {
    return [...interrupted, ...problems.map((problem) => paint('red', `✘ ${problem}`))];
  }
  const sent = Object.values(ways).reduce(
    (count, { ledger, warmUp }) => count + ledger.sent + warmUp.sent,
    0,
  );
  return [
    ...interrupted,
    paint('green', `✔ 0 lost: all ${shown(sent)} messages that were sent are accounted for.`),
  ];
}

function shown(value: number | undefined, digits = 0): string {
  return value === undefined
    ? '–'
    : value.toLocaleString('en-US', { minimumFractionDigits: digits, maximumFractionDigits: digits });
}
