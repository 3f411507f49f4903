import { createReadStream, fstatSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { RunError, reasonOf } from './failure.ts';

/** Events to send, each as the JSON text of its line. */
export interface Input {
  /** Where they come from, for people. */
  readonly source: string;
  readonly events: readonly string[];
  /** Lines read: where `--messages` asks for more, the input is repeated. */
  readonly lines: number;
  /** UTF-8 bytes of all events. */
  readonly bytes: number;
}

type Bytes = AsyncIterable<Uint8Array>;

const earthquakes = fileURLToPath(new URL('../data/earthquakes.ndjson', import.meta.url));

/** How long a piped standard input that nobody asked for may stay silent before it is taken to hold no events. */
const silenceMs = 1_000;

/**
 * Reads the events of `file` (`-` is standard input); where none is named, of a standard input that something is piped
 * into, and else the earthquakes. Every line is checked before anything is sent: throws a `RunError` that names file,
 * line and reason.
 */
export async function readInput(file: string | undefined, messages: number | undefined): Promise<Input> {
  if (file === '-') {
    return required(await readEvents('standard input', process.stdin, messages), messages);
  }
  if (file !== undefined) {
    return required(await readEvents(file, createReadStream(file), messages), messages);
  }
  const piped = isStdinPiped() ? await spokenTo(process.stdin) : undefined;
  if (piped !== undefined) {
    const input = await readEvents('standard input', piped, messages);
    if (input.lines > 0) {
      return repeated(input, messages);
    }
  }
  process.stdin.destroy();
  const input = await readEvents('earthquakes.ndjson', createReadStream(earthquakes), messages);
  return repeated({ ...input, source: 'earthquakes of the USGS feed' }, messages);
}

function required(input: Input, messages: number | undefined): Input {
  if (input.lines === 0) {
    throw new RunError(`${input.source}: no events in it`);
  }
  return repeated(input, messages);
}

/** Reads up to `limit` events, or all. Blank lines are skipped, but counted as lines. */
export async function readEvents(
  source: string,
  stream: Bytes,
  limit = Number.POSITIVE_INFINITY,
): Promise<Input> {
  const events: string[] = [];
  let bytes = 0;
  let lineNumber = 0;
  try {
    for await (const line of linesOf(stream)) {
      lineNumber++;
      const event = line.trim();
      if (event === '') {
        continue;
      }
      checkJson(event, source, lineNumber);
      events.push(event);
      bytes += Buffer.byteLength(event);
      if (events.length >= limit) {
        break;
      }
    }
  } catch (error) {
    throw asRunError(error, source, lineNumber + 1);
  }
  return { source, events, lines: events.length, bytes };
}

function checkJson(event: string, source: string, lineNumber: number): void {
  try {
    JSON.parse(event);
  } catch (error) {
    const reason = `${source}, line ${lineNumber}: not JSON: ${reasonOf(error)}; nothing was sent`;
    throw new RunError(reason, { cause: error });
  }
}

function asRunError(error: unknown, source: string, lineNumber: number): RunError {
  if (error instanceof RunError) {
    return error;
  }
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (code === 'ERR_ENCODING_INVALID_ENCODED_DATA') {
    return new RunError(`${source}, line ${lineNumber}: not UTF-8; nothing was sent`, { cause: error });
  }
  return new RunError(`cannot read ${source}: ${reasonOf(error)}`, { cause: error });
}

/**
 * The lines of UTF-8 text. Not node:readline: it also breaks lines at U+2028 and U+2029, which JSON text may hold.
 */
export async function* linesOf(stream: Bytes): AsyncGenerator<string> {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  let rest = '';
  for await (const chunk of stream) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n');
    rest = lines.pop() ?? '';
    yield* lines;
  }
  rest += decoder.decode();
  if (rest !== '') {
    yield rest;
  }
}

/** Repeats the events of an input until there are as many as asked for. */
function repeated(input: Input, messages = input.lines): Input {
  const { events, lines } = input;
  if (messages <= lines) {
    return input;
  }
  const all = Array.from({ length: messages }, (_, index) => events[index % lines] ?? '');
  return { ...input, events: all, bytes: all.reduce((sum, event) => sum + Buffer.byteLength(event), 0) };
}

/** A pipe or a redirected file; not a terminal, and not /dev/null. */
function isStdinPiped(): boolean {
  try {
    const stdin = fstatSync(0);
    return stdin.isFIFO() || stdin.isFile() || stdin.isSocket();
  } catch {
    return false; // closed
  }
}

/**
 * The stream, once it has something to say or has ended; `undefined` where it stays silent, as the open standard input
 * of a program that was started by another one does.
 */
async function spokenTo(stream: NodeJS.ReadStream): Promise<Bytes | undefined> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const speaks = (): void => resolve(true);
  const timer = setTimeout(() => resolve(false), silenceMs);
  stream.once('readable', speaks).once('error', speaks);
  const isSpeaking = await promise;
  clearTimeout(timer);
  stream.off('readable', speaks).off('error', speaks);
  return isSpeaking ? stream : undefined;
}
