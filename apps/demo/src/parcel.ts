/** An event on its way: which run sent it and as which of its events, so that the ledger can account for each. */
export interface Parcel {
  readonly run: string;
  /** Position in the run, from 0. */
  readonly seq: number;
  readonly event: unknown;
}

/**
 * The message body of an event. The event's own text is taken over as it is: parsing and printing it again could change
 * it (numbers of more digits than a double has).
 */
export function parcelBody(run: string, seq: number, eventJson: string): string {
  return escaped(`{"run":${JSON.stringify(run)},"seq":${seq},"event":${eventJson}}`);
}

// SQS refuses U+FFFE and U+FFFF; the emulator also refuses everything beyond the basic plane, emoji among them.
const refused = /[\uD800-\uDFFF\uFFFE\uFFFF]/g;

/** The same JSON with the characters that a queue may refuse written as `\uXXXX`. They only occur inside its strings. */
function escaped(json: string): string {
  return json.replace(refused, (unit) => `\\u${unit.charCodeAt(0).toString(16)}`);
}

/** Reads a message body; `undefined` where it is not one of this program's. */
export function readParcel(body: string): Parcel | undefined {
  let value: unknown;
  try {
    value = JSON.parse(body);
  } catch {
    return undefined;
  }
  return isParcel(value) ? value : undefined;
}

function isParcel(value: unknown): value is Parcel {
  return (
    typeof value === 'object' &&
    value !== null &&
    'run' in value &&
    typeof value.run === 'string' &&
    'seq' in value &&
    Number.isInteger(value.seq) &&
    'event' in value
  );
}
