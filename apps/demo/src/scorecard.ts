import { styleText } from 'node:util';
import Table from 'cli-table3';
import { type Figure, figures, gainOf } from './figures.ts';
import type { Balance } from './ledger.ts';
import type { Measurement } from './measure.ts';
import type { Report } from './report.ts';

type Paint = (style: Parameters<typeof styleText>[0], text: string) => string;

/** The report for people: what was compared, the ledger, what came out of the events, and the verdict. */
export function renderScorecard(report: Report, stream: NodeJS.WriteStream): string {
  // Plain where the stream is no terminal or NO_COLOR is set.
  const paint: Paint = (style, text) => styleText(style, text, { stream });
  const ways = Object.values(report.ways);
  const sections = [
    [figuresTable(ways, paint), ...callLines(ways, paint)],
    [ledgerTable(ways, paint), ...ledgerLines(ways, paint)],
    findingsLines(ways),
    [...noteLines(report, paint), ...verdictLines(report, paint)],
  ];
  return `\n${sections.map((lines) => lines.join('\n')).join('\n\n')}\n`;
}

// A rule under the head, and no other lines.
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

function figuresTable(ways: readonly Measurement[], paint: Paint): string {
  const [first, second] = ways;
  const table = new Table({
    head: ['', '', ...ways.map(({ name }) => paint('bold', name)), ''],
    colAligns: ['left', 'left', ...ways.map(() => 'right' as const), 'left'],
    chars,
    style,
  });
  for (const figure of figures) {
    const values = ways.map((way) => shown(figure.of(way), figure.digits));
    const gain = second && first && gainOf(figure, figure.of(first), figure.of(second));
    table.push([figure.label, paint('dim', figure.unit), ...values, shownGain(figure, gain, paint)]);
  }
  return table.toString();
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
  return times >= 100 ? shown(times, 0) : times.toPrecision(times >= 10 ? 3 : 2);
}

/** What the API calls were. */
function callLines(ways: readonly Measurement[], paint: Paint): string[] {
  return ways.map(({ name, network }) => {
    const calls = Object.entries(network.callsByOperation)
      .toSorted(([, a], [, b]) => b - a)
      .map(([operation, count]) => `${operation} ${shown(count)}`);
    const failed = network.failedCalls === 0 ? '' : `, ${shown(network.failedCalls)} of them failed`;
    return paint('dim', `${name} calls: ${calls.join(', ')}${failed}`);
  });
}

interface LedgerRow {
  readonly label: string;
  readonly of: (balance: Balance) => number;
  /** Shown only where it happened. */
  readonly rare?: true;
  readonly bad?: true;
}

const ledgerRows: readonly LedgerRow[] = [
  { label: 'events', of: ({ events }) => events },
  { label: 'not sent: interrupted', of: ({ notSent }) => notSent, rare: true },
  { label: 'not accepted', of: ({ rejected }) => rejected, rare: true, bad: true },
  { label: 'not confirmed, found nowhere', of: ({ unconfirmed }) => unconfirmed, rare: true, bad: true },
  { label: 'sent', of: ({ sent }) => sent },
  { label: '= processed', of: ({ processed }) => processed },
  { label: '+ dead-lettered', of: ({ deadLettered }) => deadLettered },
  { label: '+ left in the queue', of: ({ left }) => left },
  { label: '+ lost', of: ({ lost }) => lost, bad: true },
  { label: 'delivered again', of: ({ duplicates }) => duplicates, rare: true },
];

function ledgerTable(ways: readonly Measurement[], paint: Paint): string {
  const table = new Table({
    head: [paint('bold', 'ledger'), ...ways.map(({ name }) => paint('bold', name))],
    colAligns: ['left', ...ways.map(() => 'right' as const)],
    chars,
    style,
  });
  for (const { label, of, rare, bad } of ledgerRows) {
    const counts = ways.map(({ ledger }) => of(ledger));
    if (rare !== true || counts.some((count) => count > 0)) {
      table.push([
        label,
        ...counts.map((count) => (bad && count > 0 ? paint('red', shown(count)) : shown(count))),
      ]);
    }
  }
  return table.toString();
}

/** What the table leaves out: the warm-ups, and messages of others. */
function ledgerLines(ways: readonly Measurement[], paint: Paint): string[] {
  const warmUps = ways.map(({ name, warmUp: { sent, processed, deadLettered, left, lost } }) => {
    const rest = [`${shown(processed)} processed`];
    for (const [count, what] of [
      [deadLettered, 'dead-lettered'],
      [left, 'left'],
      [lost, 'lost'],
    ] as const) {
      if (count > 0) {
        rest.push(`${shown(count)} ${what}`);
      }
    }
    return paint('dim', `${name} warm-up, not in the figures: ${shown(sent)} sent = ${rest.join(' + ')}`);
  });
  const foreign = ways
    .filter((way) => way.foreignIds.length > 0)
    .map(
      (way) =>
        `${way.name}: ${shown(way.foreignIds.length)} messages of others, left in the queue: ${way.foreignIds.join(', ')}`,
    );
  return [...warmUps, ...foreign];
}

/** What came out of processing the events: of the last way, as both must have come to the same. */
function findingsLines(ways: readonly Measurement[]): string[] {
  const findings = ways.at(-1)?.findings;
  if (findings === undefined || findings.events === 0) {
    return ['no event was processed'];
  }
  const { events, earthquakes, strongest, deepestKm, classes } = findings;
  if (strongest === undefined) {
    return [`${shown(events)} events processed`];
  }
  const deepest = deepestKm === undefined ? '' : `; the deepest at ${shown(deepestKm)} km`;
  return [
    `${shown(earthquakes)} earthquakes and ${shown(events - earthquakes)} other events; the strongest M ${strongest.magnitude}, ${strongest.place}${deepest}`,
    `by magnitude: ${classes.map(({ name, count }) => `${name}: ${shown(count)}`).join(', ')}`,
  ];
}

function noteLines({ target, machine }: Report, paint: Paint): string[] {
  const { node, platform, cpu, cpus } = machine;
  const notes = [
    `Measured on ${target.name}; Node ${node}, ${platform}, ${cpus} × ${cpu}.`,
    'Both ways send as fast as they can; latency runs from handing an event over to the end of its handler, waiting included.',
    'Price: $0.40 per million requests of a standard queue. Wire: HTTP, both directions, headers included, without TLS.',
  ];
  if (target.kind === 'emulator') {
    notes.push('Emulator figures compare the two ways in this run. They are no claim about AWS.');
  }
  return notes.map((note) => paint('dim', note));
}

function verdictLines({ interruptedBy, problems, ways }: Report, paint: Paint): string[] {
  const interrupted = interruptedBy === null ? [] : [paint('yellow', `Interrupted by ${interruptedBy}.`)];
  if (problems.length > 0) {
    return [...interrupted, ...problems.map((problem) => paint('red', `✘ ${problem}`))];
  }
  const sent = Object.values(ways).reduce((sum, { ledger, warmUp }) => sum + ledger.sent + warmUp.sent, 0);
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
