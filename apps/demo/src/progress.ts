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
  /** A remark: beside the bar while there is one, else a line of its own. */
  say(remark: string): void;
}

interface ProgressStream extends NodeJS.WritableStream {
  readonly isTTY?: boolean | undefined;
}

export function createProgress(stream: ProgressStream): Progress {
  return stream.isTTY ? bars(stream) : lines(stream);
}

function bars(stream: NodeJS.WritableStream): Progress {
  let current: SingleBar | undefined;
  return {
    begin(label, total, { brief = false } = {}) {
      const bar = new SingleBar({
        stream,
        format: `${label.padEnd(15)} {bar} {value}/{total} messages  {duration_formatted} {remark}`,
        formatValue: (value, _, type) => (type === 'percentage' ? String(value) : shown(value)),
        barsize: 25,
        barCompleteChar: '█',
        barIncompleteChar: '░',
        clearOnComplete: brief,
        hideCursor: true,
        gracefulExit: false, // Ctrl-C is ours: the bar ends when the run has come to its stop
      });
      bar.start(total, 0, { remark: '' });
      current = bar;
      return {
        update: (done) => bar.update(done),
        end(done) {
          current = undefined;
          bar.update(done);
          bar.stop();
        },
      };
    },
    say(remark) {
      // A line written while a bar is drawn would tear it.
      if (current === undefined) {
        stream.write(`${remark}\n`);
      } else {
        current.update({ remark });
      }
    },
  };
}

function lines(stream: NodeJS.WritableStream): Progress {
  return {
    begin(label, total, { brief = false } = {}) {
      if (brief) {
        stream.write(`${label}: ${shown(total)} messages\n`);
        return { update: () => undefined, end: () => undefined };
      }
      let quarter = -1;
      let last = -1;
      const show = (done: number): void => {
        if (done > last) {
          last = done;
          stream.write(`${label}: ${shown(done)} of ${shown(total)} messages processed\n`);
        }
      };
      const update = (done: number): void => {
        const reached = Math.floor((4 * done) / total);
        if (reached > quarter) {
          quarter = reached;
          show(done);
        }
      };
      update(0);
      return { update, end: show };
    },
    say(remark) {
      stream.write(`${remark}\n`);
    },
  };
}

function shown(count: number): string {
  return count.toLocaleString('en-US');
}
