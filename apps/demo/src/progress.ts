import { SingleBar } from 'cli-progress';

/** One stretch of work that is being watched. */
export interface Phase {
  update(done: number): void;
  end(done: number): void;
}

interface PhaseOptions {
  /** Leaves no trace on a terminal, and a single line elsewhere. Default: false. */
  readonly brief?: boolean;
}

/** Shows how far things have come: a bar on a terminal, a line for each quarter elsewhere. */
export interface Progress {
  begin(label: string, total: number, options?: PhaseOptions): Phase;
}

export function createProgress(stream: NodeJS.WriteStream): Progress {
  return {
    begin: (label, total, { brief = false } = {}) =>
      (stream.isTTY ? bar : lines)(stream, label, total, brief),
  };
}

function bar(stream: NodeJS.WriteStream, label: string, total: number, brief: boolean): Phase {
  const startedAt = performance.now();
  const single = new SingleBar({
    stream,
    format: `${label.padEnd(15)} {bar} {value}/{total} messages  {rate}/s`,
    formatValue: (value, _, type) => (type === 'percentage' ? String(value) : value.toLocaleString('en-US')),
    barsize: 30,
    barCompleteChar: '█',
    barIncompleteChar: '░',
    clearOnComplete: brief,
    hideCursor: true,
    gracefulExit: false, // Ctrl-C is ours: the bar ends when the run has come to its stop
  });
  const rate = (done: number): { rate: string } => {
    const seconds = (performance.now() - startedAt) / 1_000;
    return { rate: Math.round(done / Math.max(seconds, 0.001)).toLocaleString('en-US') };
  };
  single.start(total, 0, rate(0));
  return {
    update: (done) => single.update(done, rate(done)),
    end(done) {
      single.update(done, rate(done));
      single.stop();
    },
  };
}

function lines(stream: NodeJS.WriteStream, label: string, total: number, brief: boolean): Phase {
  if (brief) {
    stream.write(`${label}: ${total.toLocaleString('en-US')} messages\n`);
    return { update: () => undefined, end: () => undefined };
  }
  let quarter = 0;
  const show = (done: number): void => {
    stream.write(
      `${label}: ${done.toLocaleString('en-US')} of ${total.toLocaleString('en-US')} messages processed\n`,
    );
  };
  const update = (done: number): void => {
    const reached = Math.floor((4 * done) / total);
    if (reached > quarter) {
      quarter = reached;
      show(done);
    }
  };
  show(0);
  return { update, end: (done) => (done < total ? show(done) : update(done)) };
}
