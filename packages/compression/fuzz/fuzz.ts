import {
  type BrokenItem,
  type Content,
  contentBytes,
  type Envelope,
  isQueueError,
  type OpenedItem,
} from '@sqskit/core';
import { compressed, fflateEngine, packed } from '../src/index.ts';
import { dictionaries, genuineMessages, maxOutputBytes } from './corpus.ts';
import { createDraw } from './draw.ts';
import { type FuzzInput, type InputKind, inputKinds, inputOf } from './inputs.ts';

/**
 * The most by which one input may raise the most memory that the process ever held, so that what is allocated and freed at
 * once shows too. A bomb here is 32 MiB, a lying length up to 4 GiB.
 */
const maxGrowthBytes = 50_331_648;

/** The most CPU time that one input may take, garbage collection and a busy machine included. */
const maxCpuMs = 2_000;

export interface FuzzOptions {
  readonly inputs: number;
  readonly seed: number;
  /** What the readers are told to allow instead of what they are held to: to see that it would be noticed. */
  readonly allowedBytes?: number | undefined;
}

export interface FuzzReport {
  readonly inputs: number;
  /** Of each kind, how many came out as they were or in part, and how many were errors. */
  readonly counts: ReadonlyMap<InputKind, Outcomes>;
  /** What must not happen, with the number of the input: the same seed gives the same input. */
  readonly failures: readonly string[];
  readonly mostOutputBytes: number;
  /** By how much the most memory ever held grew over one input, and over all. */
  readonly mostGrowthBytes: number;
  readonly growthBytes: number;
  readonly mostCpuMs: number;
}

interface Outcomes {
  opened: number;
  refused: number;
}

/** Reads so many fuzzed inputs, each by any one of the readers, and says what came of them. */
export async function fuzz({
  inputs,
  seed,
  allowedBytes = maxOutputBytes,
}: FuzzOptions): Promise<FuzzReport> {
  const draw = createDraw(seed);
  const genuine = await genuineMessages(draw);
  const readers = readersOf(allowedBytes);
  const counts = new Map(inputKinds.map((kind): [InputKind, Outcomes] => [kind, { opened: 0, refused: 0 }]));
  const failures: string[] = [];
  let mostOutputBytes = 0;
  let mostGrowthBytes = 0;
  let mostCpuMs = 0;

  let memory = process.resourceUsage().maxRSS;
  const memoryBefore = memory;
  for (let index = 0; index < inputs; index++) {
    const input = inputOf(draw, index, genuine);
    const reader = readers[draw.below(readers.length)] ?? readers[0];
    const cpuBefore = process.cpuUsage();
    const found = await read(input, reader);
    const { user, system } = process.cpuUsage(cpuBefore);
    const cpuMs = (user + system) / 1_000;
    const memoryAfter = process.resourceUsage().maxRSS;
    const grownBytes = (memoryAfter - memory) * 1_024;
    memory = memoryAfter;

    const outcomes = counts.get(input.kind) ?? { opened: 0, refused: 0 };
    outcomes[found.isRefused ? 'refused' : 'opened']++;
    mostOutputBytes = Math.max(mostOutputBytes, found.outputBytes);
    mostGrowthBytes = Math.max(mostGrowthBytes, grownBytes);
    mostCpuMs = Math.max(mostCpuMs, cpuMs);
    const problem =
      found.problem ??
      (grownBytes > maxGrowthBytes ? `memory grew by ${grownBytes} bytes` : undefined) ??
      (cpuMs > maxCpuMs ? `it took ${cpuMs.toFixed(0)} ms` : undefined);
    if (problem !== undefined) {
      failures.push(`input ${index} of seed ${seed} (${input.kind}), read by ${reader.name}: ${problem}`);
    }
  }
  const growthBytes = (memory - memoryBefore) * 1_024;
  return { inputs, counts, failures, mostOutputBytes, mostGrowthBytes, growthBytes, mostCpuMs };
}

interface Reader {
  readonly name: string;
  readonly envelope: Envelope;
  readonly can: readonly FuzzInput['needs'][];
}

function readersOf(allowedBytes: number): readonly [Reader, ...Reader[]] {
  const common = { maxOutputBytes: allowedBytes, dictionaries };
  const native = [undefined, 'zstd', 'brotli'] as const;
  return [
    { name: 'compressed() on Node', envelope: compressed(common), can: native },
    {
      name: 'compressed() on fflate',
      envelope: compressed({ ...common, engine: fflateEngine }),
      can: [undefined],
    },
    { name: 'packed() on Node', envelope: packed(common), can: native },
    { name: 'packed() on fflate', envelope: packed({ ...common, engine: fflateEngine }), can: [undefined] },
    { name: 'compressed() off the loop', envelope: compressed({ ...common, maxBlockMs: 0 }), can: native },
  ];
}

interface Found {
  readonly isRefused: boolean;
  readonly outputBytes: number;
  readonly problem?: string | undefined;
}

async function read(input: FuzzInput, { envelope, can }: Reader): Promise<Found> {
  let items: readonly (OpenedItem | BrokenItem)[];
  try {
    items = (await envelope.open(input.payload)).items;
  } catch (error) {
    return { isRefused: true, outputBytes: 0, problem: `opening threw ${String(error)}` };
  }
  const opened = items.flatMap((item) => ('error' in item ? [] : [item.content]));
  const outputBytes = opened.reduce((sum, content) => sum + contentBytes(content), 0);
  const isRefused = opened.length === 0;
  const expected = can.includes(input.needs) || input.expected === 'bounded' ? input.expected : 'damaged';
  return { isRefused, outputBytes, problem: problemOf({ ...input, expected }, items, opened, outputBytes) };
}

function problemOf(
  { expected, contents, payload }: FuzzInput,
  items: readonly (OpenedItem | BrokenItem)[],
  opened: readonly Content[],
  outputBytes: number,
): string | undefined {
  const untyped = items.find((item) => 'error' in item && !isQueueError(item.error, 'decode-failed'));
  if (items.length === 0 || untyped !== undefined) {
    return items.length === 0 ? 'there is no item' : `the error is ${JSON.stringify(untyped)}`;
  }
  // A text is its own body, of any length.
  if (outputBytes > Math.max(maxOutputBytes, contentBytes(payload.body))) {
    return `${outputBytes} bytes came out`;
  }
  const texts = contents.map(comparable);
  switch (expected) {
    case 'intact':
      return opened.length === items.length && opened.map(comparable).join('\0') === texts.join('\0')
        ? undefined
        : 'it did not come out as it was';
    case 'damaged':
      return opened.every((content) => texts.includes(comparable(content)))
        ? undefined
        : 'something else came out than what went in';
    case 'refused':
      return opened.length === 0 ? undefined : 'it was accepted';
    case 'bounded':
      return undefined;
  }
}

/** Whether a content is text or bytes is said by a bit that no checksum covers. */
function comparable(content: Content): string {
  return Buffer.from(content).toString('latin1');
}
